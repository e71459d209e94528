import type { CpuKernel } from '../../kernel.js';
import { wideSupport } from './wide.js';

/** Σ x² over all elements. */
export const sumOfSquaresKernel: CpuKernel = {
  name: 'cpu/sum-of-squares',
  op: 'sumOfSquares',
  supports: (call) => wideSupport(call),
  build:
    () =>
    ([x], [y]) => {
      let sum = 0;
      for (let i = 0; i < x!.length; i++) sum += x![i]! * x![i]!;
      y![0] = sum;
    },
};

/** One step of AdamW (Loshchilov & Hutter 2019, Algorithm 2); parameter and moments are updated in place. */
export const adamwStepKernel: CpuKernel = {
  name: 'cpu/adamw-step',
  op: 'adamwStep',
  supports: () => ({
    supported: true,
    inPlace: [
      [0, 0],
      [1, 1],
      [2, 2],
    ],
  }),
  build: ({ attributes }) => {
    const { beta1, beta2, epsilon, decay } = attributes as Readonly<Record<string, number>>;
    return ([parameter, first, second, gradient, numbers], outputs) => {
      const [rate, firstCorrection, secondCorrection, scale] = numbers as Float32Array;
      for (let i = 0; i < parameter!.length; i++) {
        const before = [parameter![i]!, first![i]!, second![i]!] as const;
        const g = scale! * gradient![i]!;
        const m = beta1! * before[1] + (1 - beta1!) * g;
        const v = beta2! * before[2] + (1 - beta2!) * g * g;
        const direction = (m * firstCorrection!) / (Math.sqrt(v * secondCorrection!) + epsilon!);
        const after = [before[0] - rate! * (direction + decay! * before[0]), m, v];
        for (let part = 0; part < 3; part++) {
          outputs[part]![i] = Number.isFinite(scale) ? after[part]! : before[part]!;
        }
      }
    };
  },
};
