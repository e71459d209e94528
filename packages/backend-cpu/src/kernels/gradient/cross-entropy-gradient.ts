import type { CpuKernel } from '../../kernel.js';
import { exponentialSum, largestOf } from '../composite/softmax.js';
import { wideSupport } from './wide.js';

/** dloss · (softmax(logits) − one-hot of the target), per row; zeros for a target outside the vocabulary. */
export const crossEntropyGradientKernel: CpuKernel = {
  name: 'cpu/cross-entropy-gradient',
  op: 'crossEntropyGradient',
  supports: (call) => wideSupport(call),
  build: (call) => {
    const [rows, width] = call.inputs[0]!.shape as [number, number];
    return ([logits, targets, dloss], [dlogits]) => {
      for (let row = 0; row < rows; row++) {
        const from = row * width;
        const target = targets![row]!;
        dlogits!.fill(0, from, from + width);
        if (target < 0 || target >= width) continue;
        const largest = largestOf(logits!, from, width);
        const total = exponentialSum(logits!, from, width, largest);
        for (let i = 0; i < width && largest !== Number.NEGATIVE_INFINITY; i++) {
          dlogits![from + i] = (dloss![row]! * Math.exp(logits![from + i]! - largest)) / total;
        }
        dlogits![from + target]! -= dloss![row]!;
      }
    };
  },
};
