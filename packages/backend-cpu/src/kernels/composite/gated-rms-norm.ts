import type { CpuKernel } from '../../kernel.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';
import { silu } from './activation-loops.js';
import { meanSquare } from './rms-norm.js';

/**
 * Gated RMSNorm of Mamba-2 (Dao & Gu 2024, §7.1), each row in equal groups: norm(x · silu(gate)) · weight, or
 * norm(x) · weight · silu(gate) if `normBeforeGate`.
 */
export const gatedRmsNormKernel: CpuKernel = withHalves({
  name: 'cpu/gated-rms-norm',
  op: 'gatedRmsNorm',
  supports: (call) =>
    refusalUnlessFloat(call) ?? { supported: true, scratchBytes: 8 * call.inputs[2]!.shape[0]! },
  build: (call) => {
    const width = call.inputs[2]!.shape[0]!;
    const { epsilon, groups, normBeforeGate } = call.attributes;
    const groupWidth = width / ((groups as number | undefined) ?? 1);
    const isGatedFirst = normBeforeGate !== true;
    return ([x, gate, weight], [y], { doubles }) => {
      for (let from = 0; from < x!.length; from += groupWidth) {
        for (let i = 0; i < groupWidth; i++) {
          doubles[i] = isGatedFirst ? x![from + i]! * silu(gate![from + i]!) : x![from + i]!;
        }
        const scale = 1 / Math.sqrt(meanSquare(doubles, 0, groupWidth) + (epsilon as number));
        const column = from % width;
        for (let i = 0; i < groupWidth; i++) {
          const normed = doubles[i]! * scale * weight![column + i]!;
          y![from + i] = isGatedFirst ? normed : normed * silu(gate![from + i]!);
        }
      }
    };
  },
});
