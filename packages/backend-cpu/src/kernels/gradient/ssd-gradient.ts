import type { HostArray, OpCall } from '@hybra/spec';
import type { CpuKernel, KernelRun } from '../../kernel.js';
import { wideSupport } from './wide.js';

/*
 * The gradient of Mamba-2's recurrence h ← e^(dt·A) h + dt·x ⊗ B; y = h C (Dao & Gu 2024, §2.4), head after head:
 * the states of all positions, then back with λ, the gradient of the state.
 */

interface Sizes {
  readonly T: number;
  readonly H: number;
  readonly P: number;
  readonly G: number;
  readonly N: number;
  readonly S: number;
}

function sizesOf(call: OpCall): Sizes {
  const [, T, H, P] = call.inputs[0]!.shape as [number, number, number, number];
  const [, , G, N] = call.inputs[3]!.shape as [number, number, number, number];
  return { T, H, P, G, N, S: call.inputs[5]!.shape[0]! };
}

/** Doubles of scratch: states at T + 1 positions, λ, sums of dA, and dB and dC of a row of the batch. */
function scratchOf({ T, H, P, G, N }: Sizes): number {
  return (T + 2) * P * N + H + 2 * T * G * N;
}

/** Mamba-2's gradient, as that of the recurrence. */
export const ssdChunkScanGradientKernel: CpuKernel = {
  name: 'cpu/ssd-gradient',
  op: 'ssdChunkScanGradient',
  supports: (call) => wideSupport(call, 8 * scratchOf(sizesOf(call))),
  build: gradientRun,
};

function gradientRun(call: OpCall): KernelRun {
  const sizes = sizesOf(call);
  const { T, H, P, G, N, S } = sizes;
  return (inputs, outputs, { doubles }) => {
    const slots = inputs[6]!;
    const arriving = inputs[8];
    const [dx, ddt, dA, dB, dC, dstates] = outputs as HostArray[];
    let at = 0;
    const take = (count: number): Float64Array => {
      at += count;
      return doubles.subarray(at - count, at);
    };
    const h = take((T + 1) * P * N);
    const lambda = take(P * N);
    const decays = take(H);
    const maps = [take(T * G * N), take(T * G * N)] as const;
    decays.fill(0);
    if (arriving) dstates!.set(arriving);
    else dstates!.fill(0);
    for (let b = 0; b < slots.length; b++) {
      for (const map of maps) map.fill(0);
      const slot = slots[b]!;
      if (slot < 0 || slot >= S) {
        dx!.fill(0, b * T * H * P, (b + 1) * T * H * P);
        ddt!.fill(0, b * T * H, (b + 1) * T * H);
      }
      for (let head = 0; head < H && slot >= 0 && slot < S; head++) {
        const state = (slot * H + head) * P * N;
        for (let i = 0; i < P * N; i++) {
          h[i] = inputs[5]![state + i]!;
          lambda[i] = arriving ? arriving[state + i]! : 0;
        }
        advance(sizes, inputs, b, head, h);
        decays[head]! += retreat(sizes, inputs, [dx!, ddt!], maps, b, head, h, lambda);
        for (let i = 0; i < P * N; i++) dstates![state + i] = lambda[i]!;
      }
      dB!.set(maps[0], b * T * G * N);
      dC!.set(maps[1], b * T * G * N);
    }
    for (let head = 0; head < H; head++) dA![head] = decays[head]!;
  };
}

/** The states after all positions; those of position t begin at (t + 1) P N. */
function advance(
  { T, H, P, G, N }: Sizes,
  [x, dt, A, B]: readonly HostArray[],
  b: number,
  head: number,
  h: Float64Array,
): void {
  for (let t = 0; t < T; t++) {
    const token = (b * T + t) * H + head;
    const map = ((b * T + t) * G + Math.floor((head * G) / H)) * N;
    const decay = Math.exp(dt![token]! * A![head]!);
    for (let p = 0; p < P; p++) {
      const input = dt![token]! * x![token * P + p]!;
      for (let n = 0; n < N; n++) {
        const from = (t * P + p) * N + n;
        h[from + P * N] = decay * h[from]! + input * B![map + n]!;
      }
    }
  }
}

/** From the last position to the first; leaves the gradient of the initial state in `lambda`. @returns dA */
function retreat(
  { T, H, P, G, N }: Sizes,
  [x, dt, A, B, C, , , dy]: readonly HostArray[],
  [dx, ddt]: readonly [HostArray, HostArray],
  [dB, dC]: readonly [Float64Array, Float64Array],
  b: number,
  head: number,
  h: Float64Array,
  lambda: Float64Array,
): number {
  let dA = 0;
  for (let t = T - 1; t >= 0; t--) {
    const token = (b * T + t) * H + head;
    const group = Math.floor((head * G) / H);
    const map = ((b * T + t) * G + group) * N;
    const share = (t * G + group) * N;
    const step = dt![token]!;
    const decay = Math.exp(step * A![head]!);
    let dstep = 0;
    let dlog = 0; // of dt · A
    for (let p = 0; p < P; p++) {
      const g = dy![token * P + p]!;
      const input = x![token * P + p]!;
      let dinput = 0;
      for (let n = 0; n < N; n++) {
        const at = p * N + n;
        dC[share + n]! += g * h[(t + 1) * P * N + at]!;
        lambda[at]! += g * C![map + n]!;
        dinput += lambda[at]! * B![map + n]!;
        dB[share + n]! += lambda[at]! * step * input;
        dlog += lambda[at]! * decay * h[t * P * N + at]!;
        lambda[at]! *= decay;
      }
      dx[token * P + p] = step * dinput;
      dstep += input * dinput;
    }
    ddt[token] = dstep + A![head]! * dlog;
    dA += step * dlog;
  }
  return dA;
}
