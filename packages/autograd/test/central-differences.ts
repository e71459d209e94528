import { type Device, elementCount, type HostArray, hostArray, isFloat, type TensorType } from '@hybra/spec';
import { add, cast, compile, literal, mul, readback, sum, type Tensor } from '@hybra/tensor';
import { gradients } from '../src/index.js';

/** An input of a checked computation: its type and its elements. */
export interface CheckedInput extends TensorType {
  readonly elements: HostArray;
}

/** What the gradient says and what differences say, for one input along one direction. */
export interface Comparison {
  readonly input: number;
  readonly gradient: number;
  readonly difference: number;
  /** Size of what was summed: the scale of rounding errors. */
  readonly scale: number;
}

/** Normally distributed numbers from a seed (a linear congruential generator and Box–Muller). */
export function normals(seed: number): () => number {
  let state = (Math.imul(seed, 2654435761) + 1) >>> 0;
  const uniform = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state + 0.5) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Compares the gradients of a weighted sum of `build`'s float outputs with central differences, each float input
 * along a random direction (which touches all of its elements).
 */
export async function compareWithDifferences(
  device: Device,
  inputs: readonly CheckedInput[],
  build: (inputs: readonly Tensor[]) => readonly Tensor[],
  relativeStep = 1e-5,
): Promise<Comparison[]> {
  const random = normals(7);
  const types = Object.fromEntries(inputs.map(({ dtype, shape }, index) => [`x${index}`, { dtype, shape }]));
  const floats = inputs.flatMap(({ dtype }, index) => (isFloat(dtype) ? [index] : []));
  const loss = (tensors: readonly Tensor[]): Tensor =>
    build(tensors)
      .filter(({ dtype }) => isFloat(dtype))
      .map((output) => {
        const weights = Array.from({ length: output.size }, random);
        return sum(mul(cast(output, 'f64'), literal(weights, output.shape, 'f64')));
      })
      .reduce((total, term) => add(total, term));
  const program = await compile({
    label: 'gradients',
    device,
    inputs: types,
    build: (trace) => {
      const tensors = inputs.map((_, index) => trace.inputs[`x${index}`]!);
      const value = loss(tensors);
      const found = gradients(
        value,
        floats.map((index) => tensors[index]!),
      );
      return { outputs: { value, ...Object.fromEntries(found.map((g, at) => [`g${floats[at]}`, g])) } };
    },
  });
  const run = async (elements: readonly HostArray[]): Promise<Record<string, Float64Array>> => {
    const { outputs } = program.run({
      inputs: Object.fromEntries(elements.map((each, index) => [`x${index}`, each])),
    });
    const read: Record<string, Float64Array> = {};
    for (const [name, output] of Object.entries(outputs))
      read[name] = Float64Array.from(await readback(output));
    return read;
  };
  const base = inputs.map(({ elements }) => elements);
  const at = await run(base);
  const comparisons: Comparison[] = [];
  for (const index of floats) {
    const { dtype, shape, elements } = inputs[index]!;
    const direction = Array.from({ length: elementCount(shape) }, random);
    // A step that fits the size of the numbers: the error goes with its square.
    const size = Math.sqrt(Array.from(elements).reduce((sum, x) => sum + x * x, 0) / (elements.length || 1));
    const step = relativeStep * Math.min(1, size || 1);
    const moved = (by: number): HostArray => {
      const array = hostArray(dtype, elements.length);
      for (let i = 0; i < array.length; i++) array[i] = elements[i]! + by * direction[i]!;
      return array;
    };
    const slope = async (by: number): Promise<number> => {
      const values: number[] = [];
      for (const each of [moved(by), moved(-by)]) {
        values.push((await run(base.map((old, at) => (at === index ? each : old)))).value![0]!);
      }
      return (values[0]! - values[1]!) / (2 * by);
    };
    // Richardson's extrapolation takes the error of second order away. A float32 input rounds its steps: one only.
    const difference =
      dtype === 'f64' ? (4 * (await slope(step)) - (await slope(2 * step))) / 3 : await slope(step);
    const [plus, minus] = [moved(step), moved(-step)];
    let gradient = 0;
    let scale = 0;
    for (let i = 0; i < elements.length; i++) {
      // What was really moved: a float32 input rounds the step.
      const term = (at[`g${index}`]![i]! * (plus[i]! - minus[i]!)) / (2 * step);
      gradient += term;
      scale += Math.abs(term);
    }
    comparisons.push({ input: index, gradient, difference, scale });
  }
  program.dispose();
  return comparisons;
}
