import type { CpuKernel } from '../../kernel.js';
import { meanSquare } from '../composite/rms-norm.js';
import { wideSupport } from './wide.js';

/** With r = 1 / √(mean(x²) + ε), n = x r and h = dy · weight: dx = r (h − n · mean(h n)), dweight = Σ dy n. */
export const rmsNormGradientKernel: CpuKernel = {
  name: 'cpu/rms-norm-gradient',
  op: 'rmsNormGradient',
  supports: (call) => wideSupport(call, 8 * call.inputs[1]!.shape[0]!),
  build: (call) => {
    const width = call.inputs[1]!.shape[0]!;
    const epsilon = call.attributes.epsilon as number;
    return ([x, weight, dy], [dx, dweight], { doubles }) => {
      doubles.fill(0, 0, width);
      for (let from = 0; from < x!.length; from += width) {
        const r = 1 / Math.sqrt(meanSquare(x!, from, width) + epsilon);
        let sum = 0;
        for (let i = 0; i < width; i++) sum += dy![from + i]! * weight![i]! * x![from + i]! * r;
        for (let i = 0; i < width; i++) {
          const n = x![from + i]! * r;
          const g = dy![from + i]!;
          doubles[i]! += g * n;
          dx![from + i] = r * (g * weight![i]! - (n * sum) / width);
        }
      }
      for (let i = 0; i < width; i++) dweight![i] = doubles[i]!;
    };
  },
};

/** The gradient of gated RMSNorm, each row in equal groups. */
export const gatedRmsNormGradientKernel: CpuKernel = {
  name: 'cpu/gated-rms-norm-gradient',
  op: 'gatedRmsNormGradient',
  supports: (call) => wideSupport(call, 16 * call.inputs[2]!.shape[0]!),
  build: (call) => {
    const width = call.inputs[2]!.shape[0]!;
    const { epsilon, groups, normBeforeGate } = call.attributes;
    const groupWidth = width / (groups as number);
    const isGatedFirst = normBeforeGate !== true;
    return ([x, gate, weight, dy], [dx, dgate, dweight], { doubles }) => {
      const inputs = doubles.subarray(width, width + groupWidth); // what is normalised
      doubles.fill(0, 0, width);
      for (let from = 0; from < x!.length; from += groupWidth) {
        const column = from % width;
        const opened = (i: number): number => 1 / (1 + Math.exp(-gate![from + i]!));
        const activated = (i: number): number => gate![from + i]! * opened(i);
        /** What arrives at the normalised input, times its weight. */
        const arriving = (i: number): number =>
          dy![from + i]! * weight![column + i]! * (isGatedFirst ? 1 : activated(i));
        for (let i = 0; i < groupWidth; i++) inputs[i] = x![from + i]! * (isGatedFirst ? activated(i) : 1);
        const r = 1 / Math.sqrt(meanSquare(inputs, 0, groupWidth) + (epsilon as number));
        let sum = 0;
        for (let i = 0; i < groupWidth; i++) sum += arriving(i) * inputs[i]! * r;
        for (let i = 0; i < groupWidth; i++) {
          const n = inputs[i]! * r;
          const g = dy![from + i]!;
          const dinput = r * (arriving(i) - (n * sum) / groupWidth);
          const dactivated = isGatedFirst ? dinput * x![from + i]! : g * n * weight![column + i]!;
          const derivative = opened(i) * (1 + gate![from + i]! * (1 - opened(i)));
          doubles[column + i]! += g * n * (isGatedFirst ? 1 : activated(i));
          dx![from + i] = isGatedFirst ? dinput * activated(i) : dinput;
          dgate![from + i] = dactivated * derivative;
        }
      }
      for (let i = 0; i < width; i++) dweight![i] = doubles[i]!;
    };
  },
};
