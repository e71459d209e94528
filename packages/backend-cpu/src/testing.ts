/** Helpers of this package's tests. Not exported from the package. */
import {
  type Attributes,
  byteLengthOf,
  byteSize,
  contiguousStrides,
  type Device,
  type DType,
  type HostArray,
  hostArray,
  hostView,
  isHalf,
  type OpCall,
  type Operand,
  type Program,
  type StridedType,
  specVersion,
  type TensorType,
} from '@hybra/spec';
import { numberToHalf } from './numbers/half-number.js';

/** An input of a call under test: numbers, and how they lie in memory. */
export interface TestInput extends TensorType {
  readonly values: readonly number[];
  /** `offset`: after 3 other elements. `transposed`: axes stored in reverse. `expanded`: the first axis is one row. */
  readonly layout?: 'offset' | 'transposed' | 'expanded';
}

/** An input of these numbers. */
export function tensor(
  dtype: DType,
  shape: readonly number[],
  values: readonly number[],
  layout?: TestInput['layout'],
): TestInput {
  return layout ? { dtype, shape, values, layout } : { dtype, shape, values };
}

/** Numbers between −2 and 2 from a seed, the same at every call (a linear congruential generator). */
export function seeded(count: number, seed = 1): number[] {
  let state = (seed * 2654435761) >>> 0;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround((state / 2 ** 32) * 4 - 2);
  });
}

/** The value of one half's bits, by the definition of the format. */
export function halfValue(dtype: 'f16' | 'bf16', bits: number): number {
  const [mantissaBits, bias] = dtype === 'f16' ? [10, 15] : [7, 127];
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> mantissaBits) & (2 * bias + 1);
  const fraction = (bits & ((1 << mantissaBits) - 1)) / 2 ** mantissaBits;
  if (exponent === 2 * bias + 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** (1 - bias) : sign * (1 + fraction) * 2 ** (exponent - bias);
}

/** The numbers that a host array of `dtype` stands for. */
export function numbersOf(dtype: DType, array: HostArray): number[] {
  return isHalf(dtype)
    ? Array.from(array, (bits) => halfValue(dtype as 'f16' | 'bf16', bits))
    : Array.from(array);
}

/** What `values` become when stored as `dtype`. */
export function rounded(dtype: DType, values: readonly number[]): number[] {
  return numbersOf(dtype, store(dtype, values));
}

function store(dtype: DType, values: readonly number[]): HostArray {
  const array = hostArray(dtype, values.length);
  array.set(isHalf(dtype) ? values.map((value) => numberToHalf(dtype as 'f16' | 'bf16', value)) : values);
  return array;
}

/** How an input's elements lie in memory, and the memory. */
export function layOut(input: TestInput): { type: StridedType; data: HostArray } {
  const { dtype, shape, layout } = input;
  const strides = contiguousStrides(shape);
  const data = store(dtype, input.values);
  if (layout === 'offset') {
    const padded = hostArray(dtype, data.length + 3);
    padded.set(data, 3);
    return { type: { dtype, shape, strides, offset: 3 }, data: padded };
  }
  if (layout === 'transposed') {
    const reversed = contiguousStrides([...shape].reverse()).reverse();
    const moved = hostArray(dtype, data.length);
    for (let i = 0; i < data.length; i++) {
      let to = 0;
      for (let axis = 0; axis < shape.length; axis++) {
        to += (Math.floor(i / strides[axis]!) % shape[axis]!) * reversed[axis]!;
      }
      moved[to] = data[i]!;
    }
    return { type: { dtype, shape, strides: reversed, offset: 0 }, data: moved };
  }
  if (layout === 'expanded') {
    return { type: { dtype, shape, strides: [0, ...strides.slice(1)], offset: 0 }, data };
  }
  return { type: { dtype, shape, strides, offset: 0 }, data };
}

/** What a call under test consists of. */
export interface TestCall {
  readonly op: string;
  readonly inputs: readonly TestInput[];
  readonly outputs: readonly TensorType[];
  readonly attributes?: Attributes;
  /** `[output, input]` pairs that shall share memory. */
  readonly inPlace?: readonly (readonly [number, number])[];
}

/**
 * Runs one call on a device as a program of one call and gives its outputs as numbers. Outputs are filled
 * with 0xAA bytes before, and 64 such bytes after each must be untouched.
 */
export async function runCall(device: Device, test: TestCall): Promise<number[][]> {
  return (await runCallRaw(device, test)).map((array, index) => numbersOf(test.outputs[index]!.dtype, array));
}

/** As {@link runCall}, with the outputs as host arrays. */
export async function runCallRaw(device: Device, test: TestCall): Promise<HostArray[]> {
  const laid = test.inputs.map(layOut);
  const call: OpCall = {
    op: test.op,
    inputs: laid.map(({ type }) => type),
    outputs: test.outputs,
    attributes: test.attributes ?? {},
  };
  const support = device.supports(call);
  if (!support.supported) throw new Error(support.reason);
  const sharedWith = (output: number): number | undefined =>
    test.inPlace?.find((pair) => pair[0] === output)?.[1];
  for (const pair of test.inPlace ?? []) {
    const isDeclared = support.inPlace?.some(([output, input]) => output === pair[0] && input === pair[1]);
    if (!isDeclared) throw new Error(`${support.kernel} does not declare in place ${pair.join(' over ')}`);
  }

  const guard = 64;
  const inputSizes = laid.map(({ data }) => data.byteLength);
  const outputSizes = test.outputs.map((type) => byteLengthOf(type) + guard);
  const sizes = [...inputSizes, ...outputSizes];
  const scratchBytes = support.scratchBytes ?? 0;
  const program: Program = {
    specVersion,
    label: `test ${test.op}`,
    bindings: sizes.map((byteLength, index) => ({
      name: `binding ${index}`,
      role: index < laid.length ? 'input' : 'output',
      byteLength,
    })),
    segments: scratchBytes > 0 ? [scratchBytes] : [],
    buffers: [
      ...sizes.map((byteLength, index) => ({ location: { kind: 'binding', index } as const, byteLength })),
      ...(scratchBytes > 0
        ? [{ location: { kind: 'arena', segment: 0, byteOffset: 0 } as const, byteLength: scratchBytes }]
        : []),
    ],
    calls: [
      {
        ...call,
        kernel: support.kernel,
        inputs: laid.map(({ type }, index): Operand => ({ ...type, buffer: index })),
        outputs: test.outputs.map(
          (type, index): Operand => ({
            ...type,
            strides: contiguousStrides(type.shape),
            offset: 0,
            buffer: sharedWith(index) ?? laid.length + index,
          }),
        ),
        ...(scratchBytes > 0 ? { scratch: { buffer: sizes.length, byteLength: scratchBytes } } : {}),
      },
    ],
  };
  const buffers = sizes.map((size) => device.allocate(size));
  laid.forEach(({ data }, index) => {
    device.write(buffers[index]!, 0, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  });
  outputSizes.forEach((size, index) => {
    device.write(buffers[laid.length + index]!, 0, new Uint8Array(size).fill(0xaa));
  });
  const executable = await device.compile(program);
  executable.run(buffers);
  const results: HostArray[] = [];
  for (const [index, type] of test.outputs.entries()) {
    const shared = sharedWith(index);
    const place = shared ?? laid.length + index;
    const bytes = await device.read(buffers[place]!, 0, sizes[place]!);
    const end = byteLengthOf(type);
    if (shared === undefined && bytes.subarray(end).some((byte) => byte !== 0xaa)) {
      throw new Error(`${support.kernel} wrote past output ${index}`);
    }
    results.push(hostView(type.dtype, bytes.slice(0, end).buffer, 0, end / byteSize(type.dtype)));
  }
  executable.dispose();
  for (const buffer of buffers) buffer.dispose();
  return results;
}
