import type { OpCall, Operand, ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { carriedOrZeros } from '../../launch/carried-or-zeros.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { i64, type Launch, pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { takesWindows } from '../../launch/windows.js';
import { unsupported } from '../accept.js';
import { sizesOf } from '../sequence/ssd.js';
import {
  aligned,
  formOf,
  gradientWindows,
  gridLimit,
  joinRates,
  type SsdGradientForm,
  ssdGradientRefusal,
} from './ssd-gradient-parts.js';

const chunk = 64;
const pad = 8;
/** Blocks that a launch should have at least: two for each multiprocessor. */
const enoughBlocks = 264;
const walkers = 256;

/** `sizeof(WalkRoom<P, N>)` and `sizeof(ChunkRoom<P, N>)` of native/ssd-gradient-mma.cu. */
function roomBytes(P: number, N: number): readonly [number, number] {
  const steps = 4 * chunk * 4;
  const parts = steps + (3 * (P / 16) * chunk + 2 * 4 * chunk + (4 * P) / 16) * 4;
  const rows = 2 * chunk * (N + pad) + 2 * chunk * (P + pad) + 2 * P * (N + pad) + 2 * chunk * (chunk + pad);
  return [steps + 2 * chunk * (P + pad + N + pad), 2 * parts + 2 * rows];
}

interface Room {
  readonly form: SsdGradientForm;
  readonly chunks: number;
  /** Parts that the heads of a group are dealt out to. */
  readonly splits: number;
  /** Scratch: states at the ends of chunks, dA by chunk, dB and dC by split. */
  readonly entries: number;
  readonly rates: number;
  readonly maps: number;
  readonly bytes: number;
}

function roomOf(call: OpCall): Room {
  const [B, T, H, , G, N] = sizesOf(call);
  const form = formOf(call)!;
  const chunks = Math.ceil(T / chunk);
  const asked = Math.min(H / G, Math.max(1, Math.ceil(enoughBlocks / (chunks * G * B))));
  const splits = Math.ceil(H / G / Math.ceil(H / G / asked));
  const entries = aligned(2 * B * H * chunks * form.P * form.N * 2);
  const rates = aligned(B * chunks * H * 4);
  const maps = splits > 1 ? aligned(splits * B * T * G * N * 4) : 0;
  return { form, chunks, splits, entries, rates, maps, bytes: entries + rates + 2 * maps };
}

/**
 * Gradients of `ssdChunkScan` on the tensor cores, operands of products rounded to bfloat16: relative errors of some
 * 3e-3. See native/ssd-gradient-mma.cu.
 */
export const roundedSsdGradientKernel: CudaKernel = {
  name: 'cuda/ssd-gradient-rounded',
  op: 'ssdChunkScanGradient',
  supports: (call) => {
    const refused = ssdGradientRefusal(call);
    if (refused) return refused;
    const [x, , , B, C, , , dy] = call.inputs;
    const words = [x!, B!, C!, dy!].flatMap(({ offset, strides }) => [offset, ...strides.slice(0, 2)]);
    if (![...words, x!.shape[3]!, B!.shape[3]!].every((each) => each % 4 === 0))
      return unsupported('ssdChunkScanGradient: x, dy, B or C is not aligned');
    const [rows, , , , groups] = sizesOf(call);
    if (call.inputs[0]!.shape.includes(0) || Math.max(rows, groups) > gridLimit)
      return unsupported('ssdChunkScanGradient: no elements, or too many rows');
    return {
      supported: true,
      acceptsStrided: takesWindows(call, gradientWindows),
      scratchBytes: roomOf(call).bytes,
    };
  },
  plan: (call) => planRoundedSsdGradient(call),
};

/** Launches of one gradient; that of x has `skip` [H] times what arrives added, and goes to `dx`, which may lie where that does. */
export function planRoundedSsdGradient(
  call: ProgramCall,
  around: { readonly skip?: Operand; readonly dx?: Operand } = {},
): readonly Launch[] {
  const [x, dt, A, B, C, states, slots, dy, dstates] = call.inputs as readonly Operand[];
  const [made, ddt, dA, dB, dC, newStates] = call.outputs as readonly Operand[];
  const dx = around.dx ?? made;
  const [batch, time, H, P, G, N, slotCount] = sizesOf(call);
  const { form, chunks, splits, entries, rates, maps } = roomOf(call);
  const [walkBytes, chunkBytes] = roomBytes(form.P, form.N);
  const ratesAt = scratchOf(call, entries);
  const mapsAt = [0, 1].map((index) =>
    splits > 1 ? scratchOf(call, entries + rates + index * maps) : undefined,
  );
  const sizes = [
    ...[batch, time, H, P, G, N, slotCount, chunks, splits, 0].map(u32),
    ...[x!, dt!, B!, C!, dy!].flatMap((operand) => operand.strides.slice(0, 2)).map(i64),
  ];
  // Slots that no row of the batch has keep what arrives there.
  const before = carriedOrZeros(dstates, newStates!);
  const module = 'ssd-gradient-mma';
  const words = (batch * time * G * N) / 4;
  const joins = [dB!, dC!].flatMap((output, index): readonly Launch[] =>
    mapsAt[index] === undefined
      ? []
      : [
          {
            kind: 'kernel',
            module,
            entry: 'ssd_gradient_join',
            grid: elementGrid(words),
            block: elementThreads,
            parameters: [pointerTo(mapsAt[index]), pointer(output), u32(words), u32(splits)],
          },
        ],
  );
  return [
    ...before,
    {
      kind: 'kernel',
      module,
      entry: `ssd_gradient_walks_${form.P}_${form.N}`,
      grid: [H, batch, 2],
      block: walkers,
      sharedBytes: walkBytes,
      parameters: [
        ...[x, dt, A, B, C, states, slots, dy, dstates, newStates].map(pointer),
        pointerTo(scratchOf(call)),
        ...sizes,
      ],
    },
    {
      kind: 'kernel',
      module,
      entry: `ssd_gradient_chunks_${form.P}_${form.N}`,
      grid: [chunks * splits, G, batch],
      block: 4 * (form.P / 16) * 32,
      sharedBytes: chunkBytes,
      parameters: [
        ...[x, dt, A, B, C, slots, dy, around.skip].map(pointer),
        pointerTo(scratchOf(call)),
        ...[dx, ddt].map(pointer),
        ...[dB!, dC!].map((output, index) => (mapsAt[index] ? pointerTo(mapsAt[index]) : pointer(output))),
        pointerTo(ratesAt),
        ...sizes,
      ],
    },
    ...joins,
    joinRates(ratesAt, dA!, batch * chunks),
  ];
}
