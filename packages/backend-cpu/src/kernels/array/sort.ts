import type { CpuKernel } from '../../kernel.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';
import { sortPositions } from './merge-sort.js';

/** Stable sort along the last axis, with the positions the values came from. */
export const sortKernel: CpuKernel = withHalves({
  name: 'cpu/sort',
  op: 'sort',
  supports: (call) =>
    refusalUnlessFloat(call) ?? { supported: true, scratchBytes: 8 * call.inputs[0]!.shape.at(-1)! },
  build: (call) => {
    const width = call.inputs[0]!.shape.at(-1)!;
    const isDescending = call.attributes.descending === true;
    return ([x], [values, indices], { words }) => {
      const positions = words.subarray(0, width);
      const spare = words.subarray(width, 2 * width);
      for (let from = 0; from < x!.length; from += width) {
        sortPositions(x!, from, width, isDescending, positions, spare);
        for (let i = 0; i < width; i++) {
          values![from + i] = x![from + positions[i]!]!;
          indices![from + i] = positions[i]!;
        }
      }
    };
  },
});
