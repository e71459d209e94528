import { elementCount, type OpCall, type ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { rowThreads } from '../../launch/grid.js';
import { flag, type Launch, pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { floats, refusal } from '../accept.js';

/** Most keys of 8 bytes that a row keeps in shared memory; longer rows use scratch. */
const sharedKeys = 4096;

/** Index of the largest along the last axis: the first of equals; NaN is larger than every number. */
export const argmaxKernel: CudaKernel = {
  name: 'cuda/argmax',
  op: 'argmax',
  supports: (call) => refusal(call, [floats]) ?? { supported: true },
  plan: ({ inputs: [x], outputs: [y] }) => {
    const rows = elementCount(y!.shape);
    const width = x!.shape.at(-1)!;
    if (rows === 0) return [];
    return [
      {
        kind: 'kernel',
        module: 'order',
        entry: 'argmax_rows',
        grid: [rows, 1, 1],
        block: rowThreads(width),
        parameters: [...typed(x!), pointer(y), u32(width)],
      },
    ];
  },
};

/** Stable sort along the last axis, with the positions the values came from. */
export const sortKernel: CudaKernel = orderKernel('cuda/sort', 'sort');

/** The k largest along the last axis, largest first; of equals the first. */
export const topKKernel: CudaKernel = orderKernel('cuda/top-k', 'topK');

function orderKernel(name: string, op: 'sort' | 'topK'): CudaKernel {
  return {
    name,
    op,
    supports: (call) => refusal(call, [floats]) ?? { supported: true, scratchBytes: scratchBytes(call) },
    plan: (call) => planOrder(call, op === 'topK' || call.attributes.descending === true),
  };
}

function paddedWidth(call: OpCall): number {
  return 2 ** Math.ceil(Math.log2(Math.max(call.inputs[0]!.shape.at(-1)!, 2)));
}

function scratchBytes(call: OpCall): number {
  const padded = paddedWidth(call);
  const rows = elementCount(call.inputs[0]!.shape.slice(0, -1));
  return padded > sharedKeys ? rows * padded * 8 : 0;
}

function planOrder(call: ProgramCall, isDescending: boolean): readonly Launch[] {
  const [x] = call.inputs;
  const [values, indices] = call.outputs;
  const width = x!.shape.at(-1)!;
  const rows = elementCount(x!.shape.slice(0, -1));
  const kept = values!.shape.at(-1)!;
  if (rows === 0 || kept === 0) return [];
  const padded = paddedWidth(call);
  const isInShared = padded <= sharedKeys;
  return [
    {
      kind: 'kernel',
      module: 'order',
      entry: 'sort_rows',
      grid: [rows, 1, 1],
      block: Math.min(Math.max(padded / 2, 32), 1024),
      sharedBytes: isInShared ? padded * 8 : 0,
      parameters: [
        ...typed(x!),
        ...typed(values!),
        pointer(indices),
        pointerTo(scratchOf(call)),
        u32(width),
        u32(padded),
        u32(kept),
        flag(isDescending),
        flag(isInShared),
      ],
    },
  ];
}
