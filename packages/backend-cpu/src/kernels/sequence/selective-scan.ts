import type { OpCall } from '@hybra/spec';
import type { CpuKernel, KernelRun } from '../../kernel.js';
import { sharesMemory } from '../../layout/shares-memory.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';
import { slotAccess } from './pool-slot.js';
import { selectiveChunks } from './selective-chunks.js';
import { type SelectiveRow, selectiveRecurrence } from './selective-recurrence.js';

const states = 5;

/** Mamba-1 over a sequence, as a chunked scan. States are updated in place. */
export const selectiveScanKernel: CpuKernel = selectiveKernel(
  'cpu/selective-chunks',
  'selectiveScan',
  scanSizes,
  selectiveChunks,
);

/** Mamba-1 over a sequence, as the recurrence that defines it: what chunked forms are measured against. */
export const selectiveRecurrentScanKernel: CpuKernel = selectiveKernel(
  'cpu/selective-recurrence',
  'selectiveScan',
  scanSizes,
  selectiveRecurrence,
);

/** One step of Mamba-1. States are updated in place. */
export const selectiveStepKernel: CpuKernel = selectiveKernel(
  'cpu/selective-step',
  'selectiveStep',
  stepSizes,
  selectiveRecurrence,
);

function scanSizes(call: OpCall): SelectiveRow {
  const [, T, D] = call.inputs[0]!.shape as [number, number, number];
  return { T, D, N: call.inputs[2]!.shape[1]! };
}

function stepSizes(call: OpCall): SelectiveRow {
  const [, D] = call.inputs[0]!.shape as [number, number];
  return { T: 1, D, N: call.inputs[2]!.shape[1]! };
}

function selectiveKernel(
  name: string,
  op: 'selectiveScan' | 'selectiveStep',
  sizes: (call: OpCall) => SelectiveRow,
  advance: typeof selectiveRecurrence,
): CpuKernel {
  return withHalves(
    {
      name,
      op,
      supports: (call) => {
        const { D, N } = sizes(call);
        const { scratchBytes } = slotAccess(call.inputs[states]!.dtype, D * N);
        return (
          refusalUnlessFloat(call, [0, 1, 2, 3, 4, 5]) ?? {
            supported: true,
            inPlace: [[1, states]],
            scratchBytes,
          }
        );
      },
      build: (call) => selectiveRun(call, sizes(call), advance),
    },
    { inputs: [states], outputs: [1] },
  );
}

function selectiveRun(call: OpCall, row: SelectiveRow, advance: typeof selectiveRecurrence): KernelRun {
  const { T, D, N } = row;
  const slotCount = call.inputs[states]!.shape[0]!;
  const access = slotAccess(call.inputs[states]!.dtype, D * N);
  return (inputs, [y, pool], scratch) => {
    const slots = inputs[6]!;
    if (!sharesMemory(inputs[states]!, pool!)) pool!.set(inputs[states]!);
    for (let b = 0; b < slots.length; b++) {
      const slot = slots[b]!;
      if (slot < 0 || slot >= slotCount) {
        y!.fill(0, b * T * D, (b + 1) * T * D);
        continue;
      }
      const { numbers, from } = access.open(pool!, slot, scratch);
      advance(row, inputs, b * T * D, b * T * N, numbers, from, y!);
      access.close(pool!, slot, scratch);
    }
  };
}
