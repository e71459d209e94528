import type { CpuKernel } from '../../kernel.js';
import { wideSupport } from './wide.js';

/**
 * The gradient of Mamba-1's recurrence h ← e^(dt·A) h + dt·B x; y = C·h (Gu & Dao 2023, Algorithm 2), state after
 * state: its values at all positions, then back with λ, the gradient of the state.
 */
export const selectiveScanGradientKernel: CpuKernel = {
  name: 'cpu/selective-gradient',
  op: 'selectiveScanGradient',
  supports: (call) => {
    const [, T, D] = call.inputs[0]!.shape as [number, number, number];
    const N = call.inputs[2]!.shape[1]!;
    return wideSupport(call, 8 * (T + 1 + D * N + 2 * T * N + 2 * T * D));
  },
  build: (call) => {
    const [B, T, D] = call.inputs[0]!.shape as [number, number, number];
    const N = call.inputs[2]!.shape[1]!;
    const S = call.inputs[5]!.shape[0]!;
    return ([x, dt, A, maps, readers, states, slots, dy, arriving], outputs, { doubles }) => {
      const [dx, ddt, dA, dB, dC, dstates] = outputs;
      let at = 0;
      const take = (count: number): Float64Array => {
        at += count;
        return doubles.subarray(at - count, at);
      };
      const h = take(T + 1);
      const decays = take(D * N);
      const shares = { B: take(T * N), C: take(T * N), x: take(T * D), dt: take(T * D) };
      decays.fill(0);
      if (arriving) dstates!.set(arriving);
      else dstates!.fill(0);
      for (let b = 0; b < B; b++) {
        for (const share of Object.values(shares)) share.fill(0);
        const slot = slots![b]!;
        for (let state = 0; state < D * N && slot >= 0 && slot < S; state++) {
          const [d, n] = [Math.floor(state / N), state % N];
          const decay = (t: number): number => Math.exp(dt![(b * T + t) * D + d]! * A![state]!);
          h[0] = states![slot * D * N + state]!;
          for (let t = 0; t < T; t++) {
            const token = (b * T + t) * D + d;
            h[t + 1] = decay(t) * h[t]! + dt![token]! * x![token]! * maps![(b * T + t) * N + n]!;
          }
          let lambda = arriving ? arriving[slot * D * N + state]! : 0;
          for (let t = T - 1; t >= 0; t--) {
            const token = (b * T + t) * D + d;
            const map = (b * T + t) * N + n;
            lambda += dy![token]! * readers![map]!;
            shares.C[t * N + n]! += dy![token]! * h[t + 1]!;
            shares.B[t * N + n]! += lambda * dt![token]! * x![token]!;
            const dlog = lambda * decay(t) * h[t]!;
            shares.x[t * D + d]! += lambda * maps![map]! * dt![token]!;
            shares.dt[t * D + d]! += lambda * maps![map]! * x![token]! + A![state]! * dlog;
            decays[state]! += dt![token]! * dlog;
            lambda *= decay(t);
          }
          dstates![slot * D * N + state] = lambda;
        }
        dx!.set(shares.x, b * T * D);
        ddt!.set(shares.dt, b * T * D);
        dB!.set(shares.B, b * T * N);
        dC!.set(shares.C, b * T * N);
      }
      for (let state = 0; state < D * N; state++) dA![state] = decays[state]!;
    };
  },
};
