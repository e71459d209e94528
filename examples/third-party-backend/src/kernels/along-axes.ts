import { contiguousStrides } from '@hybra/spec';
import type { Elements } from '../elements.js';
import type { Run } from './kernel.js';

/** Folds the elements along `axes` into one each, from `start`, in float64. */
function reduce(
  [x]: readonly Elements[],
  [y]: readonly Elements[],
  axes: readonly number[],
  start: number,
  fold: (sum: number, value: number) => number,
): void {
  const results = new Float64Array(y!.count).fill(start);
  const { shape } = x!;
  const from = contiguousStrides(shape);
  const kept = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const to = contiguousStrides(kept.map((axis) => shape[axis]!));
  for (let index = 0; index < x!.count; index++) {
    let at = 0;
    for (const [position, axis] of kept.entries()) {
      at += (Math.floor(index / from[axis]!) % shape[axis]!) * to[position]!;
    }
    results[at] = fold(results[at]!, x!.get(index));
  }
  for (let index = 0; index < y!.count; index++) y!.set(index, results[index]!);
}

export const sum: Run = (inputs, outputs, { axes }) =>
  reduce(inputs, outputs, axes as number[], 0, (total, value) => total + value);

export const max: Run = (inputs, outputs, { axes }) => {
  const lowest = inputs[0]!.dtype === 'f32' ? Number.NEGATIVE_INFINITY : -(2 ** 31);
  reduce(inputs, outputs, axes as number[], lowest, Math.max);
};

/** Order of numbers in which NaN is the largest. */
function compare(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  return Number.isNaN(b) || a < b ? -1 : a > b ? 1 : 0;
}

export const argmax: Run = ([x], [y]) => {
  const width = x!.shape.at(-1)!;
  for (let row = 0; row < y!.count; row++) {
    let best = 0;
    for (let at = 1; at < width; at++) {
      if (compare(x!.get(row * width + at), x!.get(row * width + best)) > 0) best = at;
    }
    y!.set(row, best);
  }
};

export const cumulativeSum: Run = ([x], [y], { axis, reverse }) => {
  const length = x!.shape[axis as number]!;
  const inner = x!.extent((axis as number) + 1);
  for (let outer = 0; outer < x!.extent(0, axis as number); outer++) {
    for (let lane = 0; lane < inner; lane++) {
      let total = 0;
      for (let step = 0; step < length; step++) {
        const at = (outer * length + (reverse ? length - 1 - step : step)) * inner + lane;
        total += x!.get(at);
        y!.set(at, total);
      }
    }
  }
};

/** Array.prototype.sort is stable, and the order of equals must not turn around when descending. */
export const sort: Run = ([x], [values, indices], { descending }) => {
  const width = x!.shape.at(-1)!;
  const sign = descending ? -1 : 1;
  for (let first = 0; first < x!.count; first += width) {
    const order = Array.from({ length: width }, (_, at) => at);
    order.sort((a, b) => sign * compare(x!.get(first + a), x!.get(first + b)));
    for (const [at, from] of order.entries()) {
      values!.set(first + at, x!.get(first + from));
      indices!.set(first + at, from);
    }
  }
};
