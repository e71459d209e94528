import type { TensorType } from '@hybra/spec';
import { HybraError } from '@hybra/spec';
import type { OpDefinition, Tolerance } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { permute, slice, squeeze, unsqueeze } from '../../graph/views.js';
import { concat } from '../array/concat.js';
import { copy } from '../array/copy.js';
import { fill } from '../array/fill.js';
import { gatherRows } from '../array/gather-rows.js';
import { matmul } from '../array/matmul.js';
import { writeRows } from '../array/scatter-rows.js';
import { floats, requireDType } from '../checks.js';
import { add, mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { exp } from '../elementwise/unary.js';
import { matchShapes } from '../match-shapes.js';
import { computeDType } from '../widen.js';
import { scanByDoubling } from './scan-by-doubling.js';
import { maskInactive } from './slots.js';

/**
 * The scan by doubling multiplies decays in another order than the recurrence, log₂ 64 roundings deep, and
 * carries them across the chunks.
 */
export const scanTolerance: Tolerance = {
  f64: { relative: 1e-9, absolute: 1e-9 },
  f32: { relative: 1e-4, absolute: 5e-5 },
  f16: { relative: 2e-3, absolute: 2e-3 },
  bf16: { relative: 1.6e-2, absolute: 1.6e-2 },
};

/** Positions that are scanned at once: bounds the memory of [64, B, D, N] intermediates. */
const chunkLength = 64;

export const selectiveScanDefinition: OpDefinition = {
  name: 'selectiveScan',
  tolerance: scanTolerance,
  infer: (inputs) => {
    checkSelectiveTypes('selectiveScan', inputs);
    const [x, dt, A, B, C, states, slots] = inputs;
    matchShapes('selectiveScan', [
      ['x', x!, 'B T D'],
      ['dt', dt!, 'B T D'],
      ['A', A!, 'D N'],
      ['B', B!, 'B T N'],
      ['C', C!, 'B T N'],
      ['states', states!, 'S D N'],
      ['slots', slots!, 'B'],
    ]);
    return [x!, states!];
  },
  decompose: (inputs, _attributes, [yType]) => {
    const [x, , , , , states, slots] = inputs as readonly [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const length = x.shape[1]!;
    if (length === 0) return [fill(yType!.shape, 0, yType!.dtype), copy(states)];
    const dtype = computeDType(...inputs);
    // Time leads, so that a chunk is a contiguous window.
    const [xs, dts, Bs, Cs] = [x, inputs[1]!, inputs[3]!, inputs[4]!].map((input) =>
      copy(permute(cast(input, dtype), [1, 0, 2])),
    ) as [Tensor, Tensor, Tensor, Tensor];
    const A = cast(inputs[2]!, dtype);

    let state = cast(gatherRows(states, slots), dtype); // [B, D, N]
    const ys: Tensor[] = [];
    for (let start = 0; start < length; start += chunkLength) {
      const end = Math.min(start + chunkLength, length);
      const [xChunk, dtChunk, BChunk, CChunk] = [xs, dts, Bs, Cs].map((all) => slice(all, 0, start, end)) as [
        Tensor,
        Tensor,
        Tensor,
        Tensor,
      ];
      const decay = exp(mul(unsqueeze(dtChunk, -1), A)); // [Q, B, D, N]
      const input = mul(unsqueeze(mul(dtChunk, xChunk), -1), unsqueeze(BChunk, 2));
      const carried = add(slice(input, 0, 0, 1), mul(slice(decay, 0, 0, 1), state));
      const h = scanByDoubling(decay, concat([carried, slice(input, 0, 1)], 0));
      ys.push(squeeze(matmul(h, unsqueeze(CChunk, -1)), -1)); // [Q, B, D]
      state = squeeze(slice(h, 0, end - start - 1), 0);
    }
    const y = permute(concat(ys, 0), [1, 0, 2]);
    return [
      maskInactive(y, slots, states.shape[0]!, x.dtype),
      writeRows(states, slots, cast(state, states.dtype)),
    ];
  },
};

/** Inputs of {@link selectiveScan}. */
export interface SelectiveScanInputs {
  /** float[B, T, D] */
  readonly x: Tensor;
  /** f32[B, T, D], step sizes from 0; 0 leaves the state as it is. */
  readonly dt: Tensor;
  /** f32[D, N], negative. */
  readonly A: Tensor;
  /** float[B, T, N] */
  readonly B: Tensor;
  /** float[B, T, N] */
  readonly C: Tensor;
  /** float[S, D, N], the pool of states. */
  readonly states: Tensor;
  /** i32[B]; a row whose slot is outside 0 … S − 1 gives zeros and leaves the pool. */
  readonly slots: Tensor;
}

/**
 * The selective scan of Mamba-1 (Gu & Dao 2023, Algorithm 2): h ← exp(dt·A) h + dt·B x; y = C·h, in float32 or
 * wider, continuing from the states in the pool.
 * @returns y as `x`; the pool with the states after the last position written
 * @throws E_SHAPE, E_DTYPE
 */
export function selectiveScan(inputs: SelectiveScanInputs): { y: Tensor; states: Tensor } {
  const { x, dt, A, B, C, states, slots } = inputs;
  const outputs = record(selectiveScanDefinition, [x, dt, A, B, C, states, slots]);
  return { y: outputs[0]!, states: outputs[1]! };
}

/** Checks the dtypes of (x, dt, A, B, C, states, slots). @throws E_DTYPE */
export function checkSelectiveTypes(op: string, inputs: readonly TensorType[]): void {
  if (inputs.length !== 7) {
    throw new HybraError('E_ARGUMENT', `${op}: ${inputs.length} inputs, expected 7.`, { op });
  }
  const [x, dt, A, B, C, states, slots] = inputs;
  for (const [name, type] of [
    ['x', x!],
    ['B', B!],
    ['C', C!],
    ['states', states!],
  ] as const) {
    requireDType(op, name, type, floats);
  }
  requireDType(op, 'dt', dt!, ['f32']);
  requireDType(op, 'A', A!, ['f32']);
  requireDType(op, 'slots', slots!, ['i32']);
}
