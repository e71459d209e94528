import { formatType, HybraError, type TensorType } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { requireAttribute } from '../checks.js';
import { matchShapes } from '../match-shapes.js';
import { checkSelectiveTypes, scanTolerance } from './selective-scan.js';
import { decomposeSsdChunkScan } from './ssd-decomposition.js';

export const ssdChunkScanDefinition: OpDefinition = {
  name: 'ssdChunkScan',
  tolerance: scanTolerance,
  infer: (inputs, attributes) => {
    checkSelectiveTypes('ssdChunkScan', inputs);
    const [x, dt, A, B, C, states, slots] = inputs;
    const { H, G } = matchShapes('ssdChunkScan', [
      ['x', x!, 'B T H P'],
      ['dt', dt!, 'B T H'],
      ['A', A!, 'H'],
      ['B', B!, 'B T G N'],
      ['C', C!, 'B T G N'],
      ['states', states!, 'S H P N'],
      ['slots', slots!, 'B'],
    ]);
    requireGroups('ssdChunkScan', B!, H!, G!);
    const { chunkSize } = attributes;
    const isCount = typeof chunkSize === 'number' && Number.isInteger(chunkSize) && chunkSize >= 1;
    requireAttribute('ssdChunkScan', attributes, 'chunkSize', 'a whole number from 1', isCount);
    return [x!, states!];
  },
  decompose: (inputs, { chunkSize }) => decomposeSsdChunkScan(inputs, chunkSize as number),
};

/** Inputs of {@link ssdChunkScan}. */
export interface SsdChunkScanInputs {
  /** float[B, T, H, P] */
  readonly x: Tensor;
  /** f32[B, T, H], step sizes from 0; 0 leaves the state as it is. */
  readonly dt: Tensor;
  /** f32[H], negative. */
  readonly A: Tensor;
  /** float[B, T, G, N]; G divides H. */
  readonly B: Tensor;
  /** float[B, T, G, N] */
  readonly C: Tensor;
  /** float[S, H, P, N], the pool of states. */
  readonly states: Tensor;
  /** i32[B]; a row whose slot is outside 0 … S − 1 gives zeros and leaves the pool. */
  readonly slots: Tensor;
}

/** Options of {@link ssdChunkScan}. */
export interface SsdChunkScanOptions {
  /** Positions per chunk; any T is accepted. Default is 64. */
  readonly chunkSize?: number;
}

/**
 * The scan of Mamba-2 as state-space duality in chunks (Dao & Gu 2024, §6): h ← exp(dt·A) h + dt·x ⊗ B;
 * y = h C, in float32 or wider, continuing from the states in the pool. Head h uses group ⌊h · G / H⌋.
 * @returns y as `x`; the pool with the states after the last position written
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function ssdChunkScan(
  inputs: SsdChunkScanInputs,
  options: SsdChunkScanOptions = {},
): { y: Tensor; states: Tensor } {
  const { x, dt, A, B, C, states, slots } = inputs;
  const attributes = { chunkSize: options.chunkSize ?? 64 };
  const outputs = record(ssdChunkScanDefinition, [x, dt, A, B, C, states, slots], attributes);
  return { y: outputs[0]!, states: outputs[1]! };
}

/** @throws E_SHAPE unless the groups divide the heads */
export function requireGroups(op: string, B: TensorType, heads: number, groups: number): void {
  if (groups >= 1 && heads % groups === 0) return;
  throw new HybraError(
    'E_SHAPE',
    `${op}: B is ${formatType(B)} with ${groups} groups, expected a divisor of the ${heads} heads.`,
    { op, heads, groups },
  );
}
