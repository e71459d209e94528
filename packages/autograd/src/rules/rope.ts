import { neg, rope } from '@hybra/tensor';
import type { Rule } from './rule.js';

/** A rotation's transpose turns the other way: by minus the position. */
export const ropeRule: Rule = ({
  cotangents: [g],
  inputs: [, positions, frequencies],
  attributes,
  wanted,
}) => {
  if (wanted[2]) return undefined; // trained frequencies: through the decomposition
  return [rope(g!, neg(positions!), frequencies!, { interleaved: attributes.interleaved === true })];
};
