import { type DType, type HostArray, isHalf, type OpCall } from '@hybra/spec';
import type { CpuKernel, KernelRun, Scratch } from '../../kernel.js';
import { halfRuns } from '../../numbers/half-runs.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';
import { attendHead, type HeadRows } from './attention-head.js';

/** Extents of a call; names as in the op's signature. */
interface Sizes {
  readonly T: number;
  readonly Hq: number;
  readonly D: number;
  readonly S: number;
  readonly C: number;
  readonly Hkv: number;
  readonly Dv: number;
}

/**
 * Causal attention with grouped queries over a cache in pools. Half caches are widened one head at a time,
 * and only rows that a query of the call can see.
 */
export const attentionKernel: CpuKernel = withHalves(
  {
    name: 'cpu/attention',
    op: 'attention',
    supports: (call) =>
      refusalUnlessFloat(call, [0, 1, 2]) ?? { supported: true, scratchBytes: layOut(call).scratchBytes },
    build: attentionRun,
  },
  { inputs: [1, 2] },
);

function sizesOf(call: OpCall): Sizes {
  const [, T, Hq, D] = call.inputs[0]!.shape as [number, number, number, number];
  const [S, C, Hkv] = call.inputs[1]!.shape as [number, number, number, number];
  return { T, Hq, D, S, C, Hkv, Dv: call.inputs[2]!.shape[3]! };
}

/** Places in scratch, in doubles and (for widened rows) in floats. */
interface Layout {
  readonly sums: number;
  readonly keys: number;
  readonly values: number;
  readonly scratchBytes: number;
}

function layOut(call: OpCall): Layout {
  const { C, D, Dv } = sizesOf(call);
  const sums = C; // after the scores
  const keys = 2 * (sums + Dv);
  const values = keys + (isHalf(call.inputs[1]!.dtype) ? C * D : 0);
  const end = values + (isHalf(call.inputs[2]!.dtype) ? C * Dv : 0);
  return { sums, keys, values, scratchBytes: 8 * Math.ceil(end / 2) };
}

function attentionRun(call: OpCall): KernelRun {
  const sizes = sizesOf(call);
  const { T, Hq, D, S, C, Hkv, Dv } = sizes;
  const layout = layOut(call);
  const scale = call.attributes.scale as number;
  const window = (call.attributes.window as number | undefined) ?? 0;
  const isRing = call.attributes.ring === true;
  const group = Hq / Hkv;
  const openKeys = headOpener(call.inputs[1]!.dtype, sizes, D, layout.keys);
  const openValues = headOpener(call.inputs[2]!.dtype, sizes, Dv, layout.values);

  return ([q, k, v, slots, starts, lengths], [y], scratch) => {
    const sums = scratch.doubles.subarray(layout.sums, layout.sums + Dv);
    for (let b = 0; b < slots!.length; b++) {
      const slot = slots![b]!;
      y!.fill(0, b * T * Hq * Dv, (b + 1) * T * Hq * Dv);
      if (slot < 0 || slot >= S) continue;
      // A ring holds the last C positions; without one, position j lies in row j and none is beyond C − 1.
      const length = isRing ? lengths![b]! : Math.min(lengths![b]!, C);
      const oldest = isRing ? Math.max(0, length - C) : 0;
      const firstOf = (position: number): number =>
        window > 0 ? Math.max(oldest, position - window + 1) : oldest;
      const lowest = firstOf(starts![b]!);
      const highest = Math.min(starts![b]! + T - 1, length - 1);
      if (highest < lowest) continue;
      for (let head = 0; head < Hkv; head++) {
        const keys = openKeys(k!, slot, head, lowest, highest, scratch);
        const values = openValues(v!, slot, head, lowest, highest, scratch);
        for (let t = 0; t < T; t++) {
          const position = starts![b]! + t;
          const visible = {
            first: firstOf(position),
            last: Math.min(position, length - 1),
            capacity: C,
          };
          if (visible.last < visible.first) continue;
          for (let i = 0; i < group; i++) {
            const query = (b * T + t) * Hq + head * group + i;
            attendHead(q!, query * D, scale, keys, values, visible, [D, Dv], scratch.doubles, sums);
            for (let d = 0; d < Dv; d++) y![query * Dv + d] = sums[d]!;
          }
        }
      }
    }
  };
}

/** Gives the rows of one head of one slot: where they lie, or for a half pool a widened copy at `at`. */
function headOpener(
  dtype: DType,
  { C, Hkv }: Sizes,
  width: number,
  at: number,
): (
  pool: HostArray,
  slot: number,
  head: number,
  lowest: number,
  highest: number,
  scratch: Scratch,
) => HeadRows {
  const stride = Hkv * width;
  if (!isHalf(dtype)) {
    return (pool, slot, head) => ({ rows: pool, from: slot * C * stride + head * width, stride });
  }
  const { decode } = halfRuns[dtype as 'f16' | 'bf16'];
  return (pool, slot, head, lowest, highest, { words, floats }) => {
    const from = slot * C * stride + head * width;
    for (let j = lowest; j <= highest; j++) {
      const row = j % C;
      decode(pool as Uint16Array, from + row * stride, words, at + row * width, width);
    }
    return { rows: floats, from: at, stride: width };
  };
}
