import type { CpuKernel } from '../../kernel.js';
import { refusalUnlessFloat, unsupported } from '../accept.js';
import { withHalves } from '../with-halves.js';
import { exponentialSum, largestOf } from './softmax.js';

/** −log softmax(logits)[target] in nats, per row; 0 for a target outside the vocabulary. */
export const crossEntropyKernel: CpuKernel = withHalves({
  name: 'cpu/cross-entropy',
  op: 'crossEntropy',
  supports: (call) =>
    refusalUnlessFloat(call, [0]) ??
    (call.inputs[1]!.dtype === 'i32'
      ? { supported: true }
      : unsupported('crossEntropy: targets are not i32')),
  build: (call) => {
    const [rows, width] = call.inputs[0]!.shape as [number, number];
    return ([logits, targets], [loss]) => {
      for (let row = 0; row < rows; row++) {
        const target = targets![row]!;
        if (target < 0 || target >= width) {
          loss![row] = 0;
          continue;
        }
        const from = row * width;
        const largest = largestOf(logits!, from, width);
        const logTotal = Math.log(exponentialSum(logits!, from, width, largest));
        loss![row] = largest + logTotal - logits![from + target]!;
      }
    };
  },
});
