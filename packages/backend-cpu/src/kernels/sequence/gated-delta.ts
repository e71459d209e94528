import type { HostArray, OpCall } from '@hybra/spec';
import type { CpuKernel, KernelRun } from '../../kernel.js';
import { sharesMemory } from '../../layout/shares-memory.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';
import { slotAccess } from './pool-slot.js';

const states = 5;

/** The gated delta rule over a sequence, as its recurrence. States are updated in place. */
export const gatedDeltaKernel: CpuKernel = withHalves(
  {
    name: 'cpu/gated-delta',
    op: 'gatedDelta',
    supports: (call) =>
      refusalUnlessFloat(call, [0, 1, 2, 3, 4, 5]) ?? {
        supported: true,
        inPlace: [[1, states]],
        scratchBytes: accessOf(call).scratchBytes,
      },
    build: deltaRun,
  },
  { inputs: [states], outputs: [1] },
);

function accessOf(call: OpCall): ReturnType<typeof slotAccess> {
  const [, H, K, V] = call.inputs[states]!.shape as [number, number, number, number];
  return slotAccess(call.inputs[states]!.dtype, H * K * V);
}

function deltaRun(call: OpCall): KernelRun {
  const [, T, G] = call.inputs[0]!.shape as [number, number, number];
  const [slotCount, H, K, V] = call.inputs[states]!.shape as [number, number, number, number];
  const access = accessOf(call);
  return ([q, k, v, logDecay, beta, before, slots], [y, pool], scratch) => {
    if (!sharesMemory(before!, pool!)) pool!.set(before!);
    for (let b = 0; b < slots!.length; b++) {
      const slot = slots![b]!;
      if (slot < 0 || slot >= slotCount) {
        y!.fill(0, b * T * H * V, (b + 1) * T * H * V);
        continue;
      }
      const { numbers: S, from } = access.open(pool!, slot, scratch);
      for (let t = 0; t < T; t++) {
        for (let head = 0; head < H; head++) {
          const step = (b * T + t) * H + head;
          const key = ((b * T + t) * G + Math.floor((head * G) / H)) * K;
          const decay = Math.exp(logDecay![step]!);
          advance(S, from + head * K * V, K, V, k!, key, v!, step * V, decay, beta![step]!);
          recall(S, from + head * K * V, K, V, q!, key, y!, step * V);
        }
      }
      access.close(pool!, slot, scratch);
    }
  };
}

/** S ← decay S, then S ← S + k ⊗ β (v − Sᵀ k), a column of S at a time. */
function advance(
  S: HostArray,
  from: number,
  K: number,
  V: number,
  k: HostArray,
  kFrom: number,
  v: HostArray,
  vFrom: number,
  decay: number,
  beta: number,
): void {
  // Leaves the state as it is, to the bit, and even where key or value are not finite.
  if (decay === 1 && beta === 0) return;
  for (let j = 0; j < V; j++) {
    let stored = 0;
    for (let i = 0; i < K; i++) stored += k[kFrom + i]! * decay * S[from + i * V + j]!;
    const change = beta * (v[vFrom + j]! - stored);
    for (let i = 0; i < K; i++) {
      const at = from + i * V + j;
      S[at] = decay * S[at]! + k[kFrom + i]! * change;
    }
  }
}

/** y = Sᵀ q */
function recall(
  S: HostArray,
  from: number,
  K: number,
  V: number,
  q: HostArray,
  qFrom: number,
  y: HostArray,
  yFrom: number,
): void {
  for (let j = 0; j < V; j++) {
    let sum = 0;
    for (let i = 0; i < K; i++) sum += q[qFrom + i]! * S[from + i * V + j]!;
    y[yFrom + j] = sum;
  }
}
