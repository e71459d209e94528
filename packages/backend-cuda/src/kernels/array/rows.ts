import { byteSize, dtypes, elementCount, type Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { elementStep } from '../../launch/element-step.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { carryOver, type Launch, type Parameter, pointer, u32 } from '../../launch/launch.js';
import type { ElementAction, Step } from '../../launch/step.js';
import { anyElements, refusal } from '../accept.js';

/** The largest word, in bytes, that rows of these operands consist of and start at multiples of. */
function wordBytes(rowBytes: number, operands: readonly Operand[]): number {
  const starts = operands.map(({ offset, dtype }) => offset * byteSize(dtype));
  return [16, 8, 4, 2].find((word) => [rowBytes, ...starts].every((bytes) => bytes % word === 0)) ?? 1;
}

function launchRows(
  entry: string,
  count: number,
  parameters: readonly Parameter[],
  step?: Step,
): readonly Launch[] {
  if (count === 0) return [];
  return [
    {
      kind: 'kernel',
      module: 'move',
      entry,
      grid: elementGrid(count),
      block: elementThreads,
      parameters,
      step,
    },
  ];
}

/** Steps that gather, by the bytes of an element. */
const gathers: Readonly<Record<number, ElementAction>> = { 2: 'gather2', 4: 'gather4' };

function rowWidth(target: Operand): number {
  return elementCount(target.shape.slice(1));
}

/** A contiguous operand, whatever its shape, as the walk of an elementwise step sees it. */
function line(operand: Operand): Operand {
  return { ...operand, strides: [1] };
}

/** rows[i] = table[indices[i]], zeros for an index outside. */
export const gatherRowsKernel: CudaKernel = {
  name: 'cuda/gather-rows',
  op: 'gatherRows',
  supports: (call) => refusal(call, [dtypes, ['i32']]) ?? { supported: true },
  plan: ({ inputs, outputs: [y] }) => {
    const [table, indices] = inputs as [Operand, Operand];
    const rowBytes = rowWidth(table) * byteSize(table.dtype);
    const word = wordBytes(rowBytes, [table, y!]);
    const width = rowBytes / word;
    const count = elementCount(indices.shape) * width;
    return launchRows(
      `gather_${word}`,
      count,
      [pointer(table), pointer(indices), pointer(y), u32(table.shape[0]!), u32(width), u32(count)],
      elementStep(gathers[byteSize(table.dtype)], [line(table), line(indices)], y!, {
        shape: [elementCount(y!.shape)],
        numbers: [table.shape[0]!, rowWidth(table)],
      }),
    );
  },
};

/** target with rows[i] at indices[i], in place; an index outside is skipped. */
export const writeRowsKernel: CudaKernel = {
  name: 'cuda/write-rows',
  op: 'writeRows',
  supports: (call) =>
    refusal(call, [dtypes, ['i32'], dtypes], undefined, anyElements) ?? {
      supported: true,
      inPlace: [[0, 0]],
    },
  plan: ({ inputs, outputs: [y] }) => {
    const [target, indices, source] = inputs as [Operand, Operand, Operand];
    const rowBytes = rowWidth(target) * byteSize(target.dtype);
    const word = wordBytes(rowBytes, [source, y!]);
    const width = rowBytes / word;
    const count = elementCount(indices.shape) * width;
    return [
      ...carryOver(target, y!, elementCount(target.shape) * byteSize(target.dtype)),
      ...launchRows(`write_${word}`, count, [
        pointer(indices),
        pointer(source),
        pointer(y),
        u32(target.shape[0]!),
        u32(width),
        u32(count),
      ]),
    ];
  },
};

/** target with rows[i] added at indices[i], in order, in place; an index outside is skipped. */
export const scatterAddRowsKernel: CudaKernel = {
  name: 'cuda/scatter-add-rows',
  op: 'scatterAddRows',
  supports: (call) => {
    const summands = ['f32', 'f64', 'i32'] as const;
    return refusal(call, [summands, ['i32'], summands]) ?? { supported: true, inPlace: [[0, 0]] };
  },
  plan: ({ inputs, outputs: [y] }) => {
    const [target, indices, source] = inputs as [Operand, Operand, Operand];
    const width = rowWidth(target);
    const n = elementCount(indices.shape);
    return [
      ...carryOver(target, y!, elementCount(target.shape) * byteSize(target.dtype)),
      ...launchRows(
        `scatter_add_${target.dtype}`,
        n === 0 ? 0 : width,
        [pointer(indices), pointer(source), pointer(y), u32(target.shape[0]!), u32(width), u32(n)],
        elementStep(target.dtype === 'i32' ? 'scatterAddI32' : undefined, [indices, source].map(line), y!, {
          shape: [width],
          numbers: [target.shape[0]!, width],
          rows: n,
        }),
      ),
    ];
  },
};
