import { cast, crossEntropyGradient } from '@hybra/tensor';
import type { Rule } from './rule.js';
import { widest } from './wide.js';

/** Through `crossEntropyGradient`. */
export const crossEntropyRule: Rule = ({ cotangents: [g], inputs: [logits, targets] }) => [
  cast(crossEntropyGradient(widest(logits!), targets!, g!), logits!.dtype),
  undefined,
];
