import type { HostArray } from '@hybra/spec';
import { collapse } from './collapse.js';
import { copyRun } from './copy-run.js';
import { rowWalk } from './walk.js';

/** Copies a window of one array into a window of another; positions count elements. */
export type StridedCopy = (source: HostArray, target: HostArray, targetFrom: number) => void;

/** Prepares the copy of `shape` elements between two strided windows of one element type. */
export function stridedCopy(
  shape: readonly number[],
  sourceStrides: readonly number[],
  targetStrides: readonly number[],
): StridedCopy {
  const loops = collapse(shape, [sourceStrides, targetStrides]);
  const walk = rowWalk(loops);
  const count = loops.shape.at(-1)!;
  const sourceStep = loops.strides[0]!.at(-1)!;
  const targetStep = loops.strides[1]!.at(-1)!;
  const isRun = sourceStep === 1 && targetStep === 1;

  return (source, target, targetFrom) =>
    walk((starts) => {
      const from = starts[0]!;
      const to = starts[1]! + targetFrom;
      if (isRun) copyRun(source, from, target, to, count);
      else copyStrided(source, from, sourceStep, target, to, targetStep, count);
    });
}

function copyStrided(
  source: HostArray,
  from: number,
  sourceStep: number,
  target: HostArray,
  to: number,
  targetStep: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) target[to + i * targetStep] = source[from + i * sourceStep]!;
}
