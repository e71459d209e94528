import { HybraError } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { floats, requireAttribute, requireDType } from '../checks.js';
import { matchShapes } from '../match-shapes.js';
import { decomposeGatedDelta } from './gated-delta-decomposition.js';
import { scanTolerance } from './selective-scan.js';

export const gatedDeltaDefinition: OpDefinition = {
  name: 'gatedDelta',
  tolerance: scanTolerance,
  infer: ([q, k, v, logDecay, beta, states, slots], attributes) => {
    for (const [name, type] of [
      ['q', q!],
      ['k', k!],
      ['v', v!],
      ['states', states!],
    ] as const) {
      requireDType('gatedDelta', name, type, floats);
    }
    requireDType('gatedDelta', 'logDecay', logDecay!, ['f32']);
    requireDType('gatedDelta', 'beta', beta!, ['f32']);
    requireDType('gatedDelta', 'slots', slots!, ['i32']);
    const { G, H } = matchShapes('gatedDelta', [
      ['q', q!, 'B T G K'],
      ['k', k!, 'B T G K'],
      ['v', v!, 'B T H V'],
      ['logDecay', logDecay!, 'B T H'],
      ['beta', beta!, 'B T H'],
      ['states', states!, 'S H K V'],
      ['slots', slots!, 'B'],
    ]);
    if (H! % G! !== 0) {
      throw new HybraError('E_SHAPE', `gatedDelta: ${G} key heads do not divide ${H} value heads.`, {
        op: 'gatedDelta',
        keyHeads: G,
        valueHeads: H,
      });
    }
    const { chunkSize } = attributes;
    const isSize = typeof chunkSize === 'number' && Number.isInteger(chunkSize) && chunkSize >= 1;
    requireAttribute('gatedDelta', attributes, 'chunkSize', 'a whole number from 1', isSize);
    return [v!, states!];
  },
  decompose: (inputs, { chunkSize }) => decomposeGatedDelta(inputs, chunkSize as number),
};

/** Inputs of {@link gatedDelta}. */
export interface GatedDeltaInputs {
  /** float[B, T, G, K]; G divides H, value head h reads key head ⌊h · G / H⌋. */
  readonly q: Tensor;
  /** float[B, T, G, K], of length at most about 1 each: the recurrence is stable then. */
  readonly k: Tensor;
  /** float[B, T, H, V] */
  readonly v: Tensor;
  /** f32[B, T, H], up to 0; 0 keeps the whole state. */
  readonly logDecay: Tensor;
  /** f32[B, T, H], how much of what is stored under the key is replaced: 0 … 1; 0 writes nothing. */
  readonly beta: Tensor;
  /** float[S, H, K, V], the pool of states. */
  readonly states: Tensor;
  /** i32[B]; a row whose slot is outside 0 … S − 1 gives zeros and leaves the pool. */
  readonly slots: Tensor;
}

/** Options of {@link gatedDelta}. */
export interface GatedDeltaOptions {
  /** Positions per chunk of the parallel form. Default is 64. */
  readonly chunkSize?: number;
}

/**
 * The gated delta rule (Yang et al. 2024, eq. 10): S ← e^logDecay S; S ← S + k ⊗ β (v − Sᵀ k); y = Sᵀ q, in
 * float32 or wider, continuing from the states in the pool.
 * @returns y as `v`; the pool with the states after the last position written
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function gatedDelta(
  inputs: GatedDeltaInputs,
  options: GatedDeltaOptions = {},
): { y: Tensor; states: Tensor } {
  const { q, k, v, logDecay, beta, states, slots } = inputs;
  const attributes = { chunkSize: options.chunkSize ?? 64 };
  const outputs = record(gatedDeltaDefinition, [q, k, v, logDecay, beta, states, slots], attributes);
  return { y: outputs[0]!, states: outputs[1]! };
}
