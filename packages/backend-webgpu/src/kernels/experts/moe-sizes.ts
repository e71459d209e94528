import type { OpCall } from '@hybra/spec';
import type { DispatchOperand } from '../../kernel.js';

/** Extents of a mixture of experts: R rows of width D, K experts each out of E, which are F wide inside. */
export interface MoeSizes {
  readonly R: number;
  readonly D: number;
  readonly K: number;
  readonly E: number;
  readonly F: number;
}

/** Inputs of the call, by name. */
export const moeInputs = { x: 0, ids: 1, weights: 2, up: 3, down: 4, gate: 5 } as const;

/** Reads a call's extents. */
export function moeSizes({ inputs }: OpCall): MoeSizes {
  const [R, D] = inputs[moeInputs.x]!.shape as [number, number];
  const [E, F] = inputs[moeInputs.up]!.shape as [number, number];
  return { R, D, K: inputs[moeInputs.ids]!.shape[1]!, E, F };
}

/** Activations between the matrices, as WGSL of `x`. */
export const moeActivations: Readonly<Record<string, string>> = {
  silu: 'silu_f(x)',
  gelu: 'gelu_f(x)',
  geluTanh: 'gelu_tanh_f(x)',
  relu: 'select(max(x, 0.0), x, is_nan(x))',
  relu2: 'x * select(max(x, 0.0), x, is_nan(x))',
};

/** WGSL of `fn inside(up: f32, gate: f32) -> f32`, what lies between the matrices. */
export function insideCode({ attributes, inputs }: OpCall): string {
  const activation = moeActivations[attributes.activation as string]!;
  const isGated = inputs.length > moeInputs.gate;
  return `fn activation(x: f32) -> f32 { return ${activation}; }
fn inside(up: f32, gate: f32) -> f32 { return ${isGated ? 'activation(gate) * up' : 'activation(up)'}; }`;
}

/** A part of the scratch. */
export function scratchPart(
  name: string,
  byteOffset: number,
  byteLength: number,
  view: DispatchOperand['view'],
): DispatchOperand {
  return { name, place: { kind: 'scratch', byteOffset, byteLength }, view, isWritten: true };
}
