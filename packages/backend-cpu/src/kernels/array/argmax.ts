import type { CpuKernel } from '../../kernel.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';

/** Index of the largest along the last axis: the first of equals; NaN is larger than every number. */
export const argmaxKernel: CpuKernel = withHalves({
  name: 'cpu/argmax',
  op: 'argmax',
  supports: (call) => refusalUnlessFloat(call) ?? { supported: true },
  build: (call) => {
    const width = call.inputs[0]!.shape.at(-1)!;
    return ([x], [y]) => {
      for (let row = 0; row < y!.length; row++) {
        const from = row * width;
        let best = 0;
        for (let i = 1; i < width; i++) {
          const largest = x![from + best]!;
          // False if the largest is NaN: the first NaN stays.
          if (x![from + i]! > largest || (Number.isNaN(x![from + i]) && !Number.isNaN(largest))) best = i;
        }
        y![row] = best;
      }
    };
  },
});
