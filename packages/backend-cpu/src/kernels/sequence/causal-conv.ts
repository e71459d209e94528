import type { HostArray, OpCall } from '@hybra/spec';
import type { CpuKernel, KernelRun, Scratch } from '../../kernel.js';
import { sharesMemory } from '../../layout/shares-memory.js';
import { refusalUnlessFloat } from '../accept.js';
import { silu } from '../composite/activation-loops.js';
import { scratchPart } from '../scratch-part.js';
import { withHalves } from '../with-halves.js';
import { slotAccess } from './pool-slot.js';

const tails = 3;

/** Sizes of a call: B rows of T positions of C channels, a filter of K taps. */
interface Sizes {
  readonly T: number;
  readonly C: number;
  readonly K: number;
}

/**
 * Depthwise causal convolution whose past is a tail of K − 1 inputs kept in a pool. Tails are updated in
 * place.
 */
export const causalConv1dKernel: CpuKernel = withHalves(
  {
    name: 'cpu/causal-conv',
    op: 'causalConv1d',
    supports: (call) =>
      refusalUnlessFloat(call, [0, 1, 2, 3]) ?? {
        supported: true,
        inPlace: [[1, tails]],
        scratchBytes: 8 * sums(sizesOf(call)) + 8 * past(sizesOf(call)) + tailAccess(call).scratchBytes,
      },
    build: convRun,
  },
  { inputs: [tails], outputs: [1] },
);

function sizesOf(call: OpCall): Sizes {
  const [, T, C] = call.inputs[0]!.shape as [number, number, number];
  return { T, C, K: call.inputs[1]!.shape[1]! };
}

/** Doubles of scratch: one position's sums. */
function sums({ C }: Sizes): number {
  return C;
}

/** Doubles of scratch: the tail as it was before the chunk. */
function past({ C, K }: Sizes): number {
  return (K - 1) * C;
}

function tailAccess(call: OpCall): ReturnType<typeof slotAccess> {
  return slotAccess(call.inputs[tails]!.dtype, past(sizesOf(call)));
}

function convRun(call: OpCall): KernelRun {
  const sizes = sizesOf(call);
  const { T, C } = sizes;
  const access = tailAccess(call);
  const slotCount = call.inputs[tails]!.shape[0]!;
  const isSilu = call.attributes.activation === 'silu';
  let prepared: Scratch | undefined;
  let doubles: Float64Array = new Float64Array(0);

  return ([x, weight, bias, tailsBefore, slots, lengths], [y, pool], scratch) => {
    if (prepared !== scratch) {
      prepared = scratch;
      // The front of the scratch belongs to an open slot.
      ({ doubles } = scratchPart(scratch, access.scratchBytes, 8 * (sums(sizes) + past(sizes))));
    }
    if (!sharesMemory(tailsBefore!, pool!)) pool!.set(tailsBefore!);
    for (let b = 0; b < slots!.length; b++) {
      const slot = slots![b]!;
      const xFrom = b * T * C;
      if (slot < 0 || slot >= slotCount) {
        y!.fill(0, xFrom, xFrom + T * C);
        continue;
      }
      const tail = access.open(pool!, slot, scratch);
      for (let i = 0; i < past(sizes); i++) doubles[C + i] = tail.numbers[tail.from + i]!;
      const length = Math.min(Math.max(lengths![b]!, 0), T);
      keepTail(sizes, length, x!, xFrom, doubles, tail.numbers, tail.from);
      access.close(pool!, slot, scratch);
      for (let t = 0; t < T; t++) {
        convolve(sizes, t, x!, xFrom, weight!, bias!, doubles);
        const to = xFrom + t * C;
        if (isSilu) for (let c = 0; c < C; c++) y![to + c] = silu(doubles[c]!);
        else for (let c = 0; c < C; c++) y![to + c] = doubles[c]!;
      }
    }
  };
}

/** doubles[c] = bias[c] + Σₖ weight[c, k] · x[t − K + 1 + k, c], x before the chunk being the past. */
function convolve(
  { C, K }: Sizes,
  t: number,
  x: HostArray,
  xFrom: number,
  weight: HostArray,
  bias: HostArray,
  doubles: Float64Array,
): void {
  for (let c = 0; c < C; c++) doubles[c] = bias[c]!;
  for (let k = 0; k < K; k++) {
    const position = t - K + 1 + k;
    if (position >= 0) addTap(doubles, weight, k, K, x, xFrom + position * C, C);
    else addTap(doubles, weight, k, K, doubles, C + (position + K - 1) * C, C);
  }
}

function addTap(
  sum: Float64Array,
  weight: HostArray,
  k: number,
  K: number,
  source: HostArray,
  from: number,
  C: number,
): void {
  for (let c = 0; c < C; c++) sum[c]! += weight[c * K + k]! * source[from + c]!;
}

/** The last K − 1 inputs before `length`, oldest first; some may be of the past still. */
function keepTail(
  { C, K }: Sizes,
  length: number,
  x: HostArray,
  xFrom: number,
  doubles: Float64Array,
  tail: HostArray,
  tailFrom: number,
): void {
  for (let i = 0; i < K - 1; i++) {
    const position = length - (K - 1) + i;
    const source = position >= 0 ? x : doubles;
    const from = position >= 0 ? xFrom + position * C : C + (position + K - 1) * C;
    for (let c = 0; c < C; c++) tail[tailFrom + i * C + c] = source[from + c]!;
  }
}
