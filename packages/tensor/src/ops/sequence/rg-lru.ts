import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { permute, slice, squeeze } from '../../graph/views.js';
import { concat } from '../array/concat.js';
import { copy } from '../array/copy.js';
import { fill } from '../array/fill.js';
import { gatherRows } from '../array/gather-rows.js';
import { writeRows } from '../array/scatter-rows.js';
import { floats, requireDType } from '../checks.js';
import { add, mul } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { exp, expm1, neg, sqrt } from '../elementwise/unary.js';
import { matchShapes } from '../match-shapes.js';
import { computeDType } from '../widen.js';
import { scanByDoubling } from './scan-by-doubling.js';
import { scanTolerance } from './selective-scan.js';
import { maskInactive } from './slots.js';

/** Positions that are scanned at once: bounds the depth of the doubling. */
const chunkLength = 256;

export const rgLruDefinition: OpDefinition = {
  name: 'rgLru',
  tolerance: scanTolerance,
  infer: ([x, logDecay, states, slots]) => {
    requireDType('rgLru', 'x', x!, floats);
    requireDType('rgLru', 'logDecay', logDecay!, ['f32']);
    requireDType('rgLru', 'states', states!, floats);
    requireDType('rgLru', 'slots', slots!, ['i32']);
    matchShapes('rgLru', [
      ['x', x!, 'B T D'],
      ['logDecay', logDecay!, 'B T D'],
      ['states', states!, 'S D'],
      ['slots', slots!, 'B'],
    ]);
    return [x!, states!];
  },
  decompose: (inputs, _attributes, [yType]) => {
    const [x, logDecay, states, slots] = inputs as [Tensor, Tensor, Tensor, Tensor];
    const length = x.shape[1]!;
    if (length === 0) return [fill(yType!.shape, 0, yType!.dtype), copy(states)];
    const dtype = computeDType(x, states);
    // Time leads, so that a chunk is a contiguous window.
    const logs = copy(permute(cast(logDecay, dtype), [1, 0, 2])); // [T, B, D]
    const decay = exp(logs);
    const kept = sqrt(neg(expm1(mul(logs, 2)))); // √(1 − a²) without cancellation
    const input = mul(kept, permute(cast(x, dtype), [1, 0, 2]));

    let state = cast(gatherRows(states, slots), dtype); // [B, D]
    const all: Tensor[] = [];
    for (let start = 0; start < length; start += chunkLength) {
      const end = Math.min(start + chunkLength, length);
      const [decays, inputsHere] = [slice(decay, 0, start, end), slice(input, 0, start, end)];
      const carried = add(slice(inputsHere, 0, 0, 1), mul(slice(decays, 0, 0, 1), state));
      const h = scanByDoubling(decays, concat([carried, slice(inputsHere, 0, 1)], 0));
      all.push(h);
      state = squeeze(slice(h, 0, end - start - 1), 0);
    }
    const y = permute(concat(all, 0), [1, 0, 2]);
    return [
      maskInactive(y, slots, states.shape[0]!, x.dtype),
      writeRows(states, slots, cast(state, states.dtype)),
    ];
  },
};

/** Inputs of {@link rgLru}. */
export interface RgLruInputs {
  /** float[B, T, D], the input after its gate. */
  readonly x: Tensor;
  /** f32[B, T, D], log aₜ from −∞ to 0; 0 leaves the state as it is, −∞ forgets it. */
  readonly logDecay: Tensor;
  /** float[S, D], the pool of states. */
  readonly states: Tensor;
  /** i32[B]; a row whose slot is outside 0 … S − 1 gives zeros and leaves the pool. */
  readonly slots: Tensor;
}

/**
 * The recurrence of the real-gated linear recurrent unit (De et al. 2024, eq. 4): h ← a h + √(1 − a²) x; y = h,
 * in float32 or wider, continuing from the states in the pool.
 * @returns y as `x`; the pool with the states after the last position written
 * @throws E_SHAPE, E_DTYPE
 */
export function rgLru(inputs: RgLruInputs): { y: Tensor; states: Tensor } {
  const { x, logDecay, states, slots } = inputs;
  const outputs = record(rgLruDefinition, [x, logDecay, states, slots]);
  return { y: outputs[0]!, states: outputs[1]! };
}
