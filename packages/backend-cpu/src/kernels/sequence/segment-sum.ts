import type { CpuKernel } from '../../kernel.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';

/**
 * y[i, j] = x[j + 1] + … + x[i] for j ≤ i, else −∞ (Dao & Gu 2024, Listing 1, the stable form): each column
 * is a running sum of its own, so that no two long sums are subtracted.
 */
export const segmentSumKernel: CpuKernel = withHalves({
  name: 'cpu/segment-sum',
  op: 'segmentSum',
  supports: (call) => refusalUnlessFloat(call) ?? { supported: true },
  build: (call) => {
    const length = call.inputs[0]!.shape.at(-1)!;
    return ([x], [y]) => {
      for (let from = 0; from < x!.length; from += length) {
        const matrix = from * length;
        for (let j = 0; j < length; j++) {
          for (let i = 0; i < j; i++) y![matrix + i * length + j] = Number.NEGATIVE_INFINITY;
          let sum = 0;
          for (let i = j; i < length; i++) {
            if (i > j) sum += x![from + i]!;
            y![matrix + i * length + j] = sum;
          }
        }
      }
    };
  },
});
