import type { HostArray } from '@hybra/spec';
import type { CpuKernel } from '../../kernel.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';

/** e^(x − max) / Σ e^(x − max) along the last axis; a row of −∞ gives zeros. Works in place. */
export const softmaxKernel: CpuKernel = rowKernel('softmax', (x, y, from, width) => {
  const largest = largestOf(x, from, width);
  if (largest === Number.NEGATIVE_INFINITY) {
    y.fill(0, from, from + width);
    return;
  }
  // Twice the exponentials, but the sum is of doubles and each result is rounded once.
  const total = exponentialSum(x, from, width, largest);
  for (let i = from; i < from + width; i++) y[i] = Math.exp(x[i]! - largest) / total;
});

/** x − max − log Σ e^(x − max) along the last axis. Works in place. */
export const logSoftmaxKernel: CpuKernel = rowKernel('logSoftmax', (x, y, from, width) => {
  const largest = largestOf(x, from, width);
  const logTotal = Math.log(exponentialSum(x, from, width, largest));
  for (let i = from; i < from + width; i++) y[i] = x[i]! - largest - logTotal;
});

function rowKernel(
  op: 'softmax' | 'logSoftmax',
  row: (x: HostArray, y: HostArray, from: number, width: number) => void,
): CpuKernel {
  return withHalves({
    name: op === 'softmax' ? 'cpu/softmax' : 'cpu/log-softmax',
    op,
    supports: (call) => refusalUnlessFloat(call) ?? { supported: true, inPlace: [[0, 0]] },
    build: (call) => {
      const width = call.inputs[0]!.shape.at(-1) ?? 1;
      return ([x], [y]) => {
        for (let from = 0; from < x!.length; from += width) row(x!, y!, from, width);
      };
    },
  });
}

/** The largest of a row; −∞ for an empty one, NaN if any is NaN. */
export function largestOf(x: HostArray, from: number, count: number): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = from; i < from + count; i++) largest = Math.max(largest, x[i]!);
  return largest;
}

/** Σ e^(x − shift) over a row, in a double. */
export function exponentialSum(x: HostArray, from: number, count: number, shift: number): number {
  let total = 0;
  for (let i = from; i < from + count; i++) total += Math.exp(x[i]! - shift);
  return total;
}
