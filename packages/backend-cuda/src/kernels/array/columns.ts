import { byteSize, elementCount, type OpCall, type Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { collapse } from '../../launch/collapse.js';
import { typed } from '../../launch/dtype-code.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { carryOver, i64, pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { isWalkable, layout } from '../../launch/layout.js';
import { floats, refusal, unsupported } from '../accept.js';

/** Fewer rows or columns have a block for each output. */
const leastRows = 64;
const leastColumns = 16;
const columnsPerBlock = 32;
/** Blocks that fill the device. */
const enoughBlocks = 132 * 4;
const leastIndices = 64;

interface Columns {
  readonly rows: number;
  readonly width: number;
  readonly stride: number;
  readonly splits: number;
}

function columnsOf({ inputs: [x], attributes }: OpCall): Columns | undefined {
  const axes = attributes.axes as readonly number[];
  const pick = (
    isReduced: boolean,
  ): { readonly shape: readonly number[]; readonly strides: readonly number[] } => {
    const chosen = x!.shape.map((_, axis) => axis).filter((axis) => axes.includes(axis) === isReduced);
    const loops = collapse(
      chosen.map((axis) => x!.shape[axis]!),
      [chosen.map((axis) => x!.strides[axis]!)],
    );
    return { shape: loops.shape, strides: loops.strides[0]! };
  };
  const kept = pick(false);
  const reduced = pick(true);
  const [width, rows, stride] = [kept.shape[0]!, reduced.shape[0]!, reduced.strides[0]!];
  const isPlain = kept.shape.length === 1 && reduced.shape.length === 1 && kept.strides[0] === 1;
  if (!isPlain || rows < leastRows || width < leastColumns) return undefined;
  const wanted = Math.ceil(enoughBlocks / Math.ceil(width / columnsPerBlock));
  return { rows, width, stride, splits: Math.max(1, Math.min(wanted, Math.floor(rows / 32))) };
}

/** Sums down the columns of a matrix: neighbours are read together. */
export const sumColumnsKernel: CudaKernel = {
  name: 'cuda/sum-columns',
  op: 'sum',
  supports: (call) => {
    const refused = refusal(call, [floats]);
    if (refused) return refused;
    const columns = columnsOf(call);
    if (!columns) return unsupported('sum-columns: no long sums of neighbouring columns');
    return { supported: true, acceptsStrided: true, scratchBytes: columns.splits * columns.width * 8 };
  },
  plan: (call) => {
    const { rows, width, stride, splits } = columnsOf(call)!;
    const parts = scratchOf(call);
    const rowsPerSplit = Math.ceil(rows / splits);
    return [
      {
        kind: 'kernel',
        module: 'columns',
        entry: 'columns_parts',
        grid: [Math.ceil(width / columnsPerBlock), splits, 1],
        block: 256,
        parameters: [
          ...typed(call.inputs[0]!),
          pointerTo(parts),
          u32(rows),
          u32(width),
          i64(stride),
          u32(rowsPerSplit),
        ],
      },
      {
        kind: 'kernel',
        module: 'columns',
        entry: 'columns_join',
        grid: elementGrid(width),
        block: elementThreads,
        parameters: [pointerTo(parts), ...typed(call.outputs[0]!), u32(width), u32(splits)],
      },
    ];
  },
};

/** Outputs so few, and sums so long, that a block for each output would leave the device idle. */
const fewOutputs = 132;
const longSum = 8192;

function spansOf({ inputs: [x], outputs: [y], attributes }: OpCall): Spans | undefined {
  const axes = attributes.axes as readonly number[];
  const pick = (isReduced: boolean): readonly [readonly number[], readonly number[]] => {
    const chosen = x!.shape.map((_, axis) => axis).filter((axis) => axes.includes(axis) === isReduced);
    return [chosen.map((axis) => x!.shape[axis]!), chosen.map((axis) => x!.strides[axis]!)];
  };
  const reduced = pick(true);
  const [outputs, count] = [elementCount(y!.shape), elementCount(reduced[0])];
  if (outputs === 0 || outputs > fewOutputs || count < longSum) return undefined;
  const splits = Math.min(Math.ceil(enoughBlocks / outputs), Math.ceil(count / 2048));
  return { kept: pick(false), reduced, outputs, splits, perSplit: Math.ceil(count / splits) };
}

interface Spans {
  /** Shape and strides. */
  readonly kept: readonly [readonly number[], readonly number[]];
  readonly reduced: readonly [readonly number[], readonly number[]];
  readonly outputs: number;
  readonly splits: number;
  readonly perSplit: number;
}

/** Few long sums over any axes, each cut into parts. */
export const sumSpansKernel: CudaKernel = {
  name: 'cuda/sum-spans',
  op: 'sum',
  supports: (call) => {
    const refused = refusal(call, [floats]);
    if (refused) return refused;
    const [x] = call.inputs;
    const spans = spansOf(call);
    if (!spans || !isWalkable(x!.shape, [x!.strides])) return unsupported('sum-spans: no few long sums');
    return { supported: true, acceptsStrided: true, scratchBytes: spans.splits * spans.outputs * 8 };
  },
  plan: (call) => {
    const { kept, reduced, outputs, splits, perSplit } = spansOf(call)!;
    const parts = scratchOf(call);
    return [
      {
        kind: 'kernel',
        module: 'columns',
        entry: 'spans_parts',
        grid: [outputs, splits, 1],
        block: 256,
        parameters: [
          ...typed(call.inputs[0]!),
          pointerTo(parts),
          ...layout(kept[0], [kept[1]]),
          ...layout(reduced[0], [reduced[1]]),
          u32(perSplit),
          u32(0),
        ],
      },
      {
        kind: 'kernel',
        module: 'columns',
        entry: 'columns_join',
        grid: elementGrid(outputs),
        block: elementThreads,
        parameters: [pointerTo(parts), ...typed(call.outputs[0]!), u32(outputs), u32(splits)],
      },
    ];
  },
};

/** target with many rows added at indices, in order, in place: a block for each row of the target. */
export const scatterAddManyKernel: CudaKernel = {
  name: 'cuda/scatter-add-many',
  op: 'scatterAddRows',
  supports: (call) => {
    const refused = refusal(call, [['f32'], ['i32'], ['f32']]);
    if (refused) return refused;
    if (elementCount(call.inputs[1]!.shape) < leastIndices)
      return unsupported('scatter-add-many: few indices');
    return { supported: true, inPlace: [[0, 0]] };
  },
  plan: ({ inputs, outputs: [y] }) => {
    const [target, indices, source] = inputs as [Operand, Operand, Operand];
    const rows = target.shape[0]!;
    const count = elementCount(target.shape);
    if (count === 0) return [];
    return [
      ...carryOver(target, y!, count * byteSize(target.dtype)),
      {
        kind: 'kernel',
        module: 'columns',
        entry: 'scatter_add_rows',
        grid: [rows, 1, 1],
        block: 256,
        parameters: [
          pointer(indices),
          pointer(source),
          pointer(y),
          u32(count / rows),
          u32(elementCount(indices.shape)),
        ],
      },
    ];
  },
};
