import { cast, matmul } from '@hybra/tensor';
import type { Rule } from './rule.js';

/**
 * With A and B as they are multiplied, y = A B: dA = dy Bᵀ and dB = Aᵀ dy, each product taken so that its result
 * lies as the operand is stored and nothing is transposed in memory.
 */
export const matmulRule: Rule = ({ cotangents: [g], inputs: [a, b], attributes, wanted }) => {
  const transposeA = attributes.transposeA === true;
  const transposeB = attributes.transposeB === true;
  const first = (): ReturnType<typeof matmul> =>
    transposeA
      ? matmul(cast(b!, g!.dtype), g!, { transposeA: transposeB, transposeB: true })
      : matmul(g!, b!, { transposeB: !transposeB });
  const second = (): ReturnType<typeof matmul> =>
    transposeB
      ? matmul(g!, a!, { transposeA: true, transposeB: transposeA })
      : matmul(a!, g!, { transposeA: !transposeA });
  return [wanted[0] ? first() : undefined, wanted[1] ? cast(second(), b!.dtype) : undefined];
};
