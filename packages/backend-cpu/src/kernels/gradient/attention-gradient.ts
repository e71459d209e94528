import type { CpuKernel } from '../../kernel.js';
import { wideSupport } from './wide.js';

/**
 * The gradient of attention, query after query. With weights p and g = dy · v: dv = Σ p dy, ds = p (g − Σ p g),
 * dq = scale Σ ds k, dk = scale Σ ds q.
 */
export const attentionGradientKernel: CpuKernel = {
  name: 'cpu/attention-gradient',
  op: 'attentionGradient',
  supports: (call) => wideSupport(call, 16 * call.inputs[1]!.shape[1]!),
  build: (call) => {
    const [B, T, Hq, D] = call.inputs[0]!.shape as [number, number, number, number];
    const [S, C, Hkv] = call.inputs[1]!.shape as [number, number, number];
    const Dv = call.inputs[2]!.shape[3]!;
    const scale = call.attributes.scale as number;
    const window = call.attributes.window as number;
    const isRing = call.attributes.ring === true;
    return ([q, k, v, slots, starts, lengths, dy], outputs, { doubles }) => {
      for (const output of outputs) output.fill(0);
      const [dq, dk, dv] = outputs;
      const weights = doubles.subarray(0, C);
      const arriving = doubles.subarray(C, 2 * C);
      for (let b = 0; b < B; b++) {
        const slot = slots![b]!;
        if (slot < 0 || slot >= S) continue;
        const length = isRing ? lengths![b]! : Math.min(lengths![b]!, C);
        for (let t = 0; t < T; t++) {
          const position = starts![b]! + t;
          const last = Math.min(position, length - 1);
          const first = Math.max(isRing ? length - C : 0, window > 0 ? position - window + 1 : 0, 0);
          for (let head = 0; head < Hq && last >= first; head++) {
            const query = (b * T + t) * Hq + head;
            const rowOf = (j: number): number => (slot * C + (j % C)) * Hkv + Math.floor((head * Hkv) / Hq);
            let largest = Number.NEGATIVE_INFINITY;
            for (let j = first; j <= last; j++) {
              let score = 0;
              for (let d = 0; d < D; d++) score += q![query * D + d]! * k![rowOf(j) * D + d]!;
              weights[j - first] = scale * score;
              largest = Math.max(largest, scale * score);
            }
            let total = 0;
            for (let i = 0; i <= last - first; i++) total += Math.exp(weights[i]! - largest);
            let mean = 0;
            for (let i = 0; i <= last - first; i++) {
              weights[i] = Math.exp(weights[i]! - largest) / total;
              let g = 0;
              for (let d = 0; d < Dv; d++) g += dy![query * Dv + d]! * v![rowOf(first + i) * Dv + d]!;
              arriving[i] = g;
              mean += weights[i]! * g;
            }
            for (let i = 0; i <= last - first; i++) {
              const row = rowOf(first + i);
              const ds = scale * weights[i]! * (arriving[i]! - mean);
              for (let d = 0; d < Dv; d++) dv![row * Dv + d]! += weights[i]! * dy![query * Dv + d]!;
              for (let d = 0; d < D; d++) {
                dq![query * D + d]! += ds * k![row * D + d]!;
                dk![row * D + d]! += ds * q![query * D + d]!;
              }
            }
          }
        }
      }
    };
  },
};
