import type { Tensor } from '../../graph/tensor.js';
import { permute, reshape, slice, squeeze, unsqueeze } from '../../graph/views.js';
import { concat } from '../array/concat.js';
import { copy } from '../array/copy.js';
import { fill } from '../array/fill.js';
import { gatherRows } from '../array/gather-rows.js';
import { iota } from '../array/iota.js';
import { sum } from '../array/reduce.js';
import { scatterAddRows, writeRows } from '../array/scatter-rows.js';
import { add, mul, sub } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { exp } from '../elementwise/unary.js';
import { scanByDoubling } from '../sequence/scan-by-doubling.js';
import { maskInactive } from '../sequence/slots.js';

/** Positions that are scanned at once: bounds the memory of [64, B, D, N] intermediates. */
const chunkLength = 64;

// The gradient of Mamba-1's recurrence h ← a h + dt·x ⊗ B, a = e^(dt·A) (Gu & Dao 2023, Algorithm 2), chunk by chunk:
// the states again, then from the last chunk to the first λ, the gradient of the state, by the same scan backwards.

/** `selectiveScanGradient` in simpler ops, O(chunks · log 64) of them. */
export function decomposeSelectiveGradient(inputs: readonly Tensor[]): readonly Tensor[] {
  const [x, dt, , , , states, slots] = inputs as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const [, , rates, B, C, , , dy] = inputs as Tensor[];
  const dfinal = inputs[8];
  const [batch, length, channels] = x.shape as [number, number, number];
  const width = B!.shape[2]!;
  const { dtype } = x;
  if (length === 0) {
    const zeros = [x, dt, rates!, B!, C!].map((each) => fill(each.shape, 0, each.dtype));
    return [...zeros, dfinal ? copy(dfinal) : fill(states.shape, 0, dtype)];
  }
  // Time leads, so that a chunk is a contiguous window.
  const masked = maskInactive(dy!, slots, states.shape[0]!, dtype);
  const inTime = [x, dt, B!, C!, masked].map((input) => copy(permute(cast(input, dtype), [1, 0, 2])));
  const A = cast(rates!, dtype);

  let state = gatherRows(states, slots); // [B, D, N]
  const chunks: Chunk[] = [];
  for (let start = 0; start < length; start += chunkLength) {
    const end = Math.min(start + chunkLength, length);
    const [xs, dts, Bs, Cs, dys] = inTime.map((all) => slice(all, 0, start, end)) as Five;
    const decay = exp(mul(unsqueeze(dts, -1), A)); // [Q, B, D, N]
    const input = mul(unsqueeze(mul(dts, xs), -1), unsqueeze(Bs, 2));
    const carried = add(slice(input, 0, 0, 1), mul(slice(decay, 0, 0, 1), state));
    const h = scanByDoubling(decay, concat([carried, slice(input, 0, 1)], 0));
    chunks.push({ xs, dts, Bs, Cs, dys, decay, h, entry: state });
    state = squeeze(slice(h, 0, end - start - 1), 0);
  }
  let arriving = dfinal ? gatherRows(dfinal, slots) : fill([batch, channels, width], 0, dtype);
  let dA: Tensor | undefined;
  const parts: (readonly Tensor[])[] = [];
  for (const chunk of chunks.reverse()) {
    const back = throughChunk(chunk, A, arriving);
    arriving = back.dentry;
    dA = dA ? add(dA, back.dA) : back.dA;
    parts.unshift(back.along);
  }
  const [dx, ddt, dB, dC] = [0, 1, 2, 3].map((index) =>
    permute(
      concat(
        parts.map((part) => part[index]!),
        0,
      ),
      [1, 0, 2],
    ),
  ) as [Tensor, Tensor, Tensor, Tensor];
  const kept = dfinal
    ? writeRows(dfinal, slots, fill([batch, channels, width], 0, dtype))
    : fill(states.shape, 0, dtype);
  return [dx, cast(ddt, 'f32'), cast(dA!, 'f32'), dB, dC, scatterAddRows(kept, slots, arriving)];
}

type Five = [Tensor, Tensor, Tensor, Tensor, Tensor];

/** A chunk with time leading, its decays and states. */
interface Chunk {
  readonly xs: Tensor;
  readonly dts: Tensor;
  readonly Bs: Tensor;
  readonly Cs: Tensor;
  readonly dys: Tensor;
  readonly decay: Tensor;
  readonly h: Tensor;
  readonly entry: Tensor;
}

/** Back through a chunk, from the gradient that arrives at the state it leaves behind. */
function throughChunk({ xs, dts, Bs, Cs, dys, decay, h, entry }: Chunk, A: Tensor, arriving: Tensor) {
  const positions = xs.shape[0]!;
  const fromOutput = mul(unsqueeze(dys, -1), unsqueeze(Cs, 2)); // [Q, B, D, N]
  const backwards = flipped(fromOutput);
  const first = add(slice(backwards, 0, 0, 1), unsqueeze(arriving, 0));
  const steps = flipped(decay);
  // Position t is reached from t + 1 through the decay of t + 1; that of the first step back is not used.
  const shifted = concat([slice(steps, 0, 0, 1), slice(steps, 0, 0, positions - 1)], 0);
  const lambda = flipped(scanByDoubling(shifted, concat([first, slice(backwards, 0, 1)], 0)));

  const before = concat([unsqueeze(entry, 0), slice(h, 0, 0, positions - 1)], 0);
  const carried = mul(lambda, decay);
  const dlog = mul(carried, before); // of dt · A
  const dinput = sum(mul(lambda, unsqueeze(Bs, 2)), -1); // [Q, B, D]
  const dB = sum(mul(lambda, unsqueeze(mul(dts, xs), -1)), 2); // [Q, B, N]
  const dC = sum(mul(h, unsqueeze(dys, -1)), 2);
  const ddt = add(mul(xs, dinput), sum(mul(dlog, A), -1));
  return {
    along: [mul(dts, dinput), ddt, dB, dC],
    dA: sum(mul(dlog, unsqueeze(dts, -1)), [0, 1]),
    dentry: squeeze(slice(carried, 0, 0, 1), 0),
  };
}

/** The first axis in reverse. */
function flipped(x: Tensor): Tensor {
  const extent = x.shape[0]!;
  const rows = gatherRows(reshape(x, [extent, x.size / extent]), sub(extent - 1, iota([extent])));
  return reshape(rows, x.shape);
}
