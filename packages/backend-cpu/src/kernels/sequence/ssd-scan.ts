import type { OpCall } from '@hybra/spec';
import type { CpuKernel, KernelRun } from '../../kernel.js';
import { sharesMemory } from '../../layout/shares-memory.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';
import { slotAccess } from './pool-slot.js';
import { ssdChunks } from './ssd-chunks.js';
import { type SsdRow, ssdRecurrence } from './ssd-recurrence.js';

const states = 5;

/** Mamba-2 over a sequence, as the chunked algorithm. States are updated in place. */
export const ssdChunkScanKernel: CpuKernel = ssdKernel('cpu/ssd-chunks', 'ssdChunkScan', scanSizes, (call) =>
  ssdChunks(call.attributes.chunkSize as number),
);

/**
 * Mamba-2 over a sequence, as the recurrence that defines it: it gives the bits that steps give (with a float32
 * or float64 pool). What chunked forms are measured against.
 */
export const ssdRecurrentScanKernel: CpuKernel = ssdKernel(
  'cpu/ssd-recurrence',
  'ssdChunkScan',
  scanSizes,
  () => ssdRecurrence,
);

/** One step of Mamba-2. States are updated in place. */
export const ssdStepKernel: CpuKernel = ssdKernel('cpu/ssd-step', 'ssdStep', stepSizes, () => ssdRecurrence);

function scanSizes(call: OpCall): SsdRow {
  const [, T, H, P] = call.inputs[0]!.shape as [number, number, number, number];
  const [, , G, N] = call.inputs[3]!.shape as [number, number, number, number];
  return { T, H, P, G, N };
}

function stepSizes(call: OpCall): SsdRow {
  const [, H, P] = call.inputs[0]!.shape as [number, number, number];
  const [, G, N] = call.inputs[3]!.shape as [number, number, number];
  return { T: 1, H, P, G, N };
}

function ssdKernel(
  name: string,
  op: 'ssdChunkScan' | 'ssdStep',
  sizes: (call: OpCall) => SsdRow,
  algorithm: (call: OpCall) => typeof ssdRecurrence,
): CpuKernel {
  return withHalves(
    {
      name,
      op,
      supports: (call) => {
        const { H, P, N } = sizes(call);
        const { scratchBytes } = slotAccess(call.inputs[states]!.dtype, H * P * N);
        return (
          refusalUnlessFloat(call, [0, 1, 2, 3, 4, 5]) ?? {
            supported: true,
            inPlace: [[1, states]],
            scratchBytes,
          }
        );
      },
      build: (call) => ssdRun(call, sizes(call), algorithm(call)),
    },
    { inputs: [states], outputs: [1] },
  );
}

function ssdRun(call: OpCall, row: SsdRow, advance: typeof ssdRecurrence): KernelRun {
  const { T, H, P, N } = row;
  const width = T * H * P;
  const slotCount = call.inputs[states]!.shape[0]!;
  const access = slotAccess(call.inputs[states]!.dtype, H * P * N);
  return (inputs, [y, pool], scratch) => {
    const slots = inputs[6]!;
    if (!sharesMemory(inputs[states]!, pool!)) pool!.set(inputs[states]!);
    for (let b = 0; b < slots.length; b++) {
      const slot = slots[b]!;
      if (slot < 0 || slot >= slotCount) {
        y!.fill(0, b * width, (b + 1) * width);
        continue;
      }
      const { numbers, from } = access.open(pool!, slot, scratch);
      advance(row, inputs, b, numbers, from, y!);
      access.close(pool!, slot, scratch);
    }
  };
}
