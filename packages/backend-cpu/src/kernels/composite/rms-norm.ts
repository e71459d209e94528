import type { HostArray } from '@hybra/spec';
import type { CpuKernel } from '../../kernel.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';

/** x / √(mean(x²) + ε) · weight along the last axis (Zhang & Sennrich 2019, eq. 4). Works in place. */
export const rmsNormKernel: CpuKernel = withHalves({
  name: 'cpu/rms-norm',
  op: 'rmsNorm',
  supports: (call) => refusalUnlessFloat(call) ?? { supported: true, inPlace: [[0, 0]] },
  build: (call) => {
    const width = call.inputs[0]!.shape.at(-1)!;
    const epsilon = call.attributes.epsilon as number;
    return ([x, weight], [y]) => {
      for (let from = 0; from < x!.length; from += width) {
        const scale = 1 / Math.sqrt(meanSquare(x!, from, width) + epsilon);
        for (let i = 0; i < width; i++) y![from + i] = x![from + i]! * scale * weight![i]!;
      }
    };
  },
});

/** Mean of the squares of a row, in a double. */
export function meanSquare(x: HostArray, from: number, count: number): number {
  let sum = 0;
  for (let i = from; i < from + count; i++) sum += x[i]! * x[i]!;
  return sum / count;
}
