import {
  and,
  cast,
  equal,
  greaterEqual,
  iota,
  less,
  mul,
  select,
  softmax,
  sub,
  unsqueeze,
} from '@hybra/tensor';
import type { Rule } from './rule.js';
import { wideDType } from './wide.js';

/** g (softmax(logits) − one-hot of the target); 0 for a row without a target. */
export const crossEntropyRule: Rule = ({ cotangents: [g], inputs: [logits, targets] }) => {
  const [rows, vocabulary] = logits!.shape as [number, number];
  const dtype = wideDType(logits!);
  const hasTarget = and(greaterEqual(targets!, 0), less(targets!, vocabulary));
  const scale = unsqueeze(cast(select(hasTarget, g!, 0), dtype), -1); // [R, 1]
  const isTarget = equal(iota([rows, vocabulary], 1), unsqueeze(targets!, -1));
  const probability = softmax(cast(logits!, dtype));
  return [cast(mul(scale, sub(probability, cast(isTarget, dtype))), logits!.dtype), undefined];
};
