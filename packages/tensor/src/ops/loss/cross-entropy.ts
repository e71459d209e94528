import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { reshape, squeeze } from '../../graph/views.js';
import { gatherRows } from '../array/gather-rows.js';
import { iota } from '../array/iota.js';
import { max, sum } from '../array/reduce.js';
import { floats, requireDType } from '../checks.js';
import { add, and, less, mul, sub } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { greaterEqual } from '../elementwise/derived.js';
import { select } from '../elementwise/select.js';
import { exp, log } from '../elementwise/unary.js';
import { matchShapes } from '../match-shapes.js';
import { accumulated } from '../tolerances.js';
import { widen } from '../widen.js';

export const crossEntropyDefinition: OpDefinition = {
  name: 'crossEntropy',
  tolerance: accumulated,
  infer: ([logits, targets]) => {
    requireDType('crossEntropy', 'logits', logits!, floats);
    requireDType('crossEntropy', 'targets', targets!, ['i32']);
    const { R } = matchShapes('crossEntropy', [
      ['logits', logits!, 'R V'],
      ['targets', targets!, 'R'],
    ]);
    return [{ dtype: 'f32', shape: [R!] }];
  },
  decompose: ([logits, targets]) => {
    const [rows, vocabulary] = logits!.shape as [number, number];
    const wide = widen(logits!);
    const largest = max(wide, -1, { keepDims: true });
    const logTotal = log(sum(exp(sub(wide, largest)), -1)); // [R]
    const isTarget = and(greaterEqual(targets!, 0), less(targets!, vocabulary));
    const index = select(isTarget, add(mul(iota([rows]), vocabulary), targets!), -1);
    const picked = gatherRows(reshape(wide, [rows * vocabulary]), index); // [R]
    const loss = add(sub(squeeze(largest, -1), picked), logTotal);
    return [cast(select(isTarget, loss, 0), 'f32')];
  },
};

/**
 * −log softmax(logits)[target] per row, in nats. A target outside 0 … V − 1 gives 0 (a masked position).
 * @param logits float[R, V]
 * @param targets i32[R]
 * @returns f32[R]
 * @throws E_SHAPE, E_DTYPE
 */
export function crossEntropy(logits: Tensor, targets: Tensor): Tensor {
  return recordOne(crossEntropyDefinition, [logits, targets]);
}
