import type { CpuKernel } from '../../kernel.js';
import { refusalUnlessFloat } from '../accept.js';
import { sortPositions } from '../array/merge-sort.js';
import { withHalves } from '../with-halves.js';

/** The k largest along the last axis, largest first, with their positions: the head of a stable sort. */
export const topKKernel: CpuKernel = withHalves({
  name: 'cpu/top-k',
  op: 'topK',
  supports: (call) =>
    refusalUnlessFloat(call) ?? { supported: true, scratchBytes: 8 * call.inputs[0]!.shape.at(-1)! },
  build: (call) => {
    const width = call.inputs[0]!.shape.at(-1)!;
    const kept = call.outputs[0]!.shape.at(-1)!;
    return ([x], [values, indices], { words }) => {
      const positions = words.subarray(0, width);
      const spare = words.subarray(width, 2 * width);
      for (let from = 0, to = 0; from < x!.length; from += width, to += kept) {
        sortPositions(x!, from, width, true, positions, spare);
        for (let i = 0; i < kept; i++) {
          values![to + i] = x![from + positions[i]!]!;
          indices![to + i] = positions[i]!;
        }
      }
    };
  },
});
