import type { OpCall, Operand } from '@hybra/spec';
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

const chunk = 32;

/** `sizeof(Room<P, N>)` of native/ssd-gradient.cu. */
function roomBytes(P: number, N: number): number {
  const tiles = 2 * chunk * (P + 1) + 2 * chunk * (N + 1) + 2 * P * (N + 1) + 3 * chunk * (chunk + 1);
  const sums = chunk * 2; // in doubles
  return 4 * (tiles + sums + 5 * chunk + 16 * chunk + 8);
}

interface Room {
  readonly form: SsdGradientForm;
  readonly chunks: number;
  /** Scratch: entry states, dA by row of the batch, dB and dC by head. */
  readonly entries: number;
  readonly rates: number;
  readonly maps: number;
  readonly bytes: number;
}

function roomOf(call: OpCall): Room {
  const [B, T, H, , G, N] = sizesOf(call);
  const form = formOf(call)!;
  const chunks = Math.ceil(T / chunk);
  const entries = aligned(B * H * chunks * form.P * form.N * 4);
  const rates = aligned(B * H * 4);
  const maps = G === H ? 0 : aligned(B * T * H * N * 4);
  return { form, chunks, entries, rates, maps, bytes: entries + rates + 2 * maps };
}

/** Gradients of `ssdChunkScan` in float32: a block for each head of each row of the batch. */
export const ssdGradientKernel: CudaKernel = {
  name: 'cuda/ssd-gradient',
  op: 'ssdChunkScanGradient',
  supports: (call) => {
    const refused = ssdGradientRefusal(call);
    if (refused) return refused;
    if (call.inputs[0]!.shape.includes(0) || call.inputs[0]!.shape[0]! > gridLimit)
      return unsupported('ssdChunkScanGradient: no elements, or too many rows');
    return {
      supported: true,
      acceptsStrided: takesWindows(call, gradientWindows),
      scratchBytes: roomOf(call).bytes,
    };
  },
  plan: (call) => {
    const [x, dt, A, B, C, states, slots, dy, dstates] = call.inputs as readonly Operand[];
    const [dx, ddt, dA, dB, dC, newStates] = call.outputs as readonly Operand[];
    const [batch, time, H, P, G, N, slotCount] = sizesOf(call);
    const { form, chunks, entries, rates, maps } = roomOf(call);
    const ratesAt = scratchOf(call, entries);
    const mapsAt = [0, 1].map((index) =>
      maps > 0 ? scratchOf(call, entries + rates + index * maps) : undefined,
    );
    const strides = [x!, dt!, B!, C!, dy!].flatMap((operand) => operand.strides.slice(0, 2));
    // Slots that no row of the batch has keep what arrives there.
    const before = carriedOrZeros(dstates, newStates!);
    const joins = [dB!, dC!].flatMap((output, index): readonly Launch[] =>
      maps === 0
        ? []
        : [
            {
              kind: 'kernel',
              module: 'ssd-gradient',
              entry: 'ssd_gradient_groups',
              grid: elementGrid(batch * time * G * N),
              block: elementThreads,
              parameters: [pointerTo(mapsAt[index]), pointer(output), ...[batch * time, H, G, N].map(u32)],
            },
          ],
    );
    return [
      ...before,
      {
        kind: 'kernel',
        module: 'ssd-gradient',
        entry: `ssd_gradient_${form.P}_${form.N}`,
        grid: [H, batch, 1],
        block: 256,
        sharedBytes: roomBytes(form.P, form.N),
        parameters: [
          ...[x, dt, A, B, C, states, slots, dy, dstates, dx, ddt].map(pointer),
          ...[dB!, dC!].map((output, index) => (mapsAt[index] ? pointerTo(mapsAt[index]) : pointer(output))),
          pointer(newStates),
          pointerTo(scratchOf(call)),
          pointerTo(ratesAt),
          ...[batch, time, H, P, G, N, slotCount, chunks].map(u32),
          ...strides.map(i64),
        ],
      },
      ...joins,
      joinRates(ratesAt, dA!, batch),
    ];
  },
};
