import type { CpuKernel } from '../../kernel.js';
import { wideSupport } from './wide.js';

/**
 * The gradient of the depthwise causal convolution, row after row and channel after channel: the inputs that a
 * channel sees (tail, then chunk) and their gradients lie in scratch.
 */
export const causalConv1dGradientKernel: CpuKernel = {
  name: 'cpu/causal-conv-gradient',
  op: 'causalConv1dGradient',
  supports: (call) => {
    const [, T, C] = call.inputs[0]!.shape as [number, number, number];
    const K = call.inputs[1]!.shape[1]!;
    return wideSupport(call, 8 * (2 * (K - 1 + T) + C * (K + 1)));
  },
  build: (call) => {
    const [B, T, C] = call.inputs[0]!.shape as [number, number, number];
    const K = call.inputs[1]!.shape[1]!;
    const S = call.inputs[3]!.shape[0]!;
    const isSilu = call.attributes.activation === 'silu';
    const rows = K - 1 + T;
    return ([x, weight, bias, tails, slots, lengths, dy, darriving], outputs, { doubles }) => {
      const [dx, dweight, dbias, dtails] = outputs;
      const seen = doubles.subarray(0, rows);
      const dseen = doubles.subarray(rows, 2 * rows);
      const sums = doubles.subarray(2 * rows, 2 * rows + C * (K + 1)); // taps, then the bias, per channel
      sums.fill(0);
      if (darriving) dtails!.set(darriving);
      else dtails!.fill(0);
      for (let b = 0; b < B; b++) {
        const slot = slots![b]!;
        if (slot < 0 || slot >= S) {
          dx!.fill(0, b * T * C, (b + 1) * T * C);
          continue;
        }
        const length = Math.min(Math.max(lengths![b]!, 0), T);
        for (let c = 0; c < C; c++) {
          const tail = slot * (K - 1) * C + c;
          for (let i = 0; i < K - 1; i++) seen[i] = tails![tail + i * C]!;
          for (let t = 0; t < T; t++) seen[K - 1 + t] = x![(b * T + t) * C + c]!;
          dseen.fill(0);
          for (let t = 0; t < T; t++) {
            let sum = bias![c]!;
            for (let k = 0; k < K; k++) sum += weight![c * K + k]! * seen[t + k]!;
            const opened = 1 / (1 + Math.exp(-sum));
            const g = dy![(b * T + t) * C + c]! * (isSilu ? opened * (1 + sum * (1 - opened)) : 1);
            sums[c * (K + 1) + K]! += g;
            for (let k = 0; k < K; k++) {
              sums[c * (K + 1) + k]! += g * seen[t + k]!;
              dseen[t + k]! += g * weight![c * K + k]!;
            }
          }
          // The last K − 1 inputs before the length are the tail that was left behind.
          for (let i = 0; i < K - 1 && darriving; i++) dseen[length + i]! += darriving[tail + i * C]!;
          for (let i = 0; i < K - 1; i++) dtails![tail + i * C] = dseen[i]!;
          for (let t = 0; t < T; t++) dx![(b * T + t) * C + c] = dseen[K - 1 + t]!;
        }
      }
      for (let c = 0; c < C; c++) {
        for (let k = 0; k < K; k++) dweight![c * K + k] = sums[c * (K + 1) + k]!;
        dbias![c] = sums[c * (K + 1) + K]!;
      }
    };
  },
};
