import { contiguousStrides, type HostArray, type OpCall } from '@hybra/spec';
import type { CpuKernel, KernelRun } from '../../kernel.js';
import { collapse } from '../../layout/collapse.js';
import { rowWalk } from '../../layout/walk.js';
import { refusal } from '../accept.js';
import { withHalves } from '../with-halves.js';

/** Folds `count` elements of x into sums that step by 0 (one sum) or 1 (one each). */
type Fold = (
  x: HostArray,
  xFrom: number,
  xStep: number,
  sums: Float64Array,
  sumsFrom: number,
  sumsStep: number,
  count: number,
) => void;

const addInto: Fold = (x, xFrom, xStep, sums, sumsFrom, sumsStep, count) => {
  if (sumsStep === 0) {
    let sum = sums[sumsFrom]!;
    for (let i = 0; i < count; i++) sum += x[xFrom + i * xStep]!;
    sums[sumsFrom] = sum;
  } else {
    for (let i = 0; i < count; i++) sums[sumsFrom + i * sumsStep]! += x[xFrom + i * xStep]!;
  }
};

/** `Math.max` gives NaN if either is NaN, as the op must. */
const maxInto: Fold = (x, xFrom, xStep, sums, sumsFrom, sumsStep, count) => {
  if (sumsStep === 0) {
    let largest = sums[sumsFrom]!;
    for (let i = 0; i < count; i++) largest = Math.max(largest, x[xFrom + i * xStep]!);
    sums[sumsFrom] = largest;
  } else {
    for (let i = 0; i < count; i++) {
      const to = sumsFrom + i * sumsStep;
      sums[to] = Math.max(sums[to]!, x[xFrom + i * xStep]!);
    }
  }
};

/** Sum over axes, in doubles, rounded once. Takes any strides. */
export const sumKernel: CpuKernel = reduceKernel('cpu/sum', 'sum', addInto, () => 0);

/** Maximum over axes. Takes any strides. */
export const maxKernel: CpuKernel = reduceKernel('cpu/max', 'max', maxInto, (call) =>
  call.inputs[0]!.dtype === 'i32' ? -(2 ** 31) : Number.NEGATIVE_INFINITY,
);

function reduceKernel(
  name: string,
  op: 'sum' | 'max',
  fold: Fold,
  initial: (call: OpCall) => number,
): CpuKernel {
  return withHalves({
    name,
    op,
    supports: (call) =>
      refusal(call, { inputs: ['f32', 'f64', 'i32'] }) ?? {
        supported: true,
        acceptsStrided: true,
        scratchBytes: 8 * outputCount(call),
      },
    build: (call) => reduceRun(call, fold, initial(call)),
  });
}

function outputCount(call: OpCall): number {
  return call.outputs[0]!.shape.reduce((count, extent) => count * extent, 1);
}

/**
 * Reads the input in memory order, whatever the axes: the sums have stride 0 along a reduced axis.
 */
function reduceRun(call: OpCall, fold: Fold, initial: number): KernelRun {
  const { shape, strides } = call.inputs[0]!;
  const axes = call.attributes.axes as readonly number[];
  const kept = contiguousStrides(shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent)));
  const sumStrides = kept.map((stride, axis) => (axes.includes(axis) ? 0 : stride));
  const loops = collapse(shape, [strides, sumStrides]);
  const walk = rowWalk(loops);
  const count = loops.shape.at(-1)!;
  const xStep = loops.strides[0]!.at(-1)!;
  const sumsStep = loops.strides[1]!.at(-1)!;
  const sumCount = outputCount(call);
  return ([x], [y], { doubles }) => {
    doubles.fill(initial, 0, sumCount);
    walk((starts) => fold(x!, starts[0]!, xStep, doubles, starts[1]!, sumsStep, count));
    for (let i = 0; i < sumCount; i++) y![i] = doubles[i]!;
  };
}
