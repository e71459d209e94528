import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { unsqueeze } from '../../graph/views.js';
import { softmax } from '../activation/softmax.js';
import { iota } from '../array/iota.js';
import { requireDType } from '../checks.js';
import { and, equal, less, mul, sub } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { greaterEqual } from '../elementwise/derived.js';
import { select } from '../elementwise/select.js';
import { matchShapes } from '../match-shapes.js';
import { accumulated } from '../tolerances.js';
import { requireWide } from './check-gradient.js';

export const crossEntropyGradientDefinition: OpDefinition = {
  name: 'crossEntropyGradient',
  tolerance: accumulated,
  infer: ([logits, targets, dloss]) => {
    requireWide('crossEntropyGradient', ['logits', logits!]);
    requireDType('crossEntropyGradient', 'targets', targets!, ['i32']);
    requireDType('crossEntropyGradient', 'dloss', dloss!, ['f32']);
    matchShapes('crossEntropyGradient', [
      ['logits', logits!, 'R V'],
      ['targets', targets!, 'R'],
      ['dloss', dloss!, 'R'],
    ]);
    return [logits!];
  },
  decompose: ([logits, targets, dloss]) => {
    const [rows, vocabulary] = logits!.shape as [number, number];
    const hasTarget = and(greaterEqual(targets!, 0), less(targets!, vocabulary));
    const scale = unsqueeze(cast(select(hasTarget, dloss!, 0), logits!.dtype), -1); // [R, 1]
    const isTarget = equal(iota([rows, vocabulary], 1), unsqueeze(targets!, -1));
    return [mul(scale, sub(softmax(logits!), cast(isTarget, logits!.dtype)))];
  },
};

/**
 * The gradient of `crossEntropy`: dloss · (softmax(logits) − one-hot of the target); 0 for a row without a target.
 * @param logits f32 or f64[R, V]
 * @param targets i32[R]
 * @param dloss f32[R]
 * @returns as `logits`
 * @throws E_SHAPE, E_DTYPE
 */
export function crossEntropyGradient(logits: Tensor, targets: Tensor, dloss: Tensor): Tensor {
  return recordOne(crossEntropyGradientDefinition, [logits, targets, dloss]);
}
