import type { Initial, ParameterSpec } from '../parameter-spec.js';

/** A parameter of one layer, its name relative to the layer. */
export type PartSpec = Omit<ParameterSpec, 'layer'>;

/** Sizes of the model that a layer's parameters depend on. */
export interface Sizes {
  readonly hiddenSize: number;
  /** Number of residual layers. */
  readonly layers: number;
}

// Standard deviation of embeddings and of most matrices (Megatron; paper-wide default of GPT-2).
const deviation = 0.02;

/** A matrix of the model's storage dtype, drawn from N(0, 0.02²) unless said otherwise. */
export function matrix(
  name: string,
  shape: readonly number[],
  initial: Initial = { kind: 'normal', deviation },
): PartSpec {
  return { name, shape, precision: 'narrow', initial };
}

/** A vector or small table that is float32 always. */
export function vector(name: string, shape: number | readonly number[], initial: Initial): PartSpec {
  return { name, shape: typeof shape === 'number' ? [shape] : shape, precision: 'wide', initial };
}

/** @see Initial */
export function constant(value: number): Initial {
  return { kind: 'constant', value };
}

/** PyTorch's kaiming_uniform with a = √5: uniform within 1/√fanIn. */
export function kaiming(fanIn: number): Initial {
  return { kind: 'uniform', bound: fanIn ** -0.5 };
}

/** Matrices that write to the residual stream: N(0, 0.02² / layers), so that its variance stays put. */
export function residual(sizes: Sizes): Initial {
  return { kind: 'normal', deviation: deviation / Math.sqrt(sizes.layers) };
}

/** Time-step bias of both Mambas: steps between 1e-3 and 1e-1 (Gu & Dao 2023, §3.6). */
export const timeStepInitial: Initial = { kind: 'timeStep', low: 1e-3, high: 1e-1, floor: 1e-4 };

/** Matrix and, where there is one, bias of a projection. */
export function projection(
  name: string,
  shape: readonly [number, number],
  options: { readonly bias: boolean; readonly initial?: Initial },
): PartSpec[] {
  const weight = matrix(`${name}.weight`, shape, options.initial);
  return options.bias ? [weight, vector(`${name}.bias`, shape[0], constant(0))] : [weight];
}

/** The weight of a norm; stored 1 smaller than it is used where `isCentred`. */
export function normWeight(name: string, width: number, isCentred: boolean): PartSpec {
  return isCentred
    ? { ...vector(`${name}.centredWeight`, width, constant(0)), fold: 'addOne' }
    : vector(`${name}.weight`, width, constant(1));
}

/** The parts, their names led by `prefix` and a dot. */
export function led(prefix: string, parts: readonly PartSpec[]): PartSpec[] {
  return parts.map((part) => ({ ...part, name: `${prefix}.${part.name}` }));
}
