import type { HostArray } from '@hybra/spec';

/** From this many elements on, a block move is faster than a loop (it costs two views). */
const blockLength = 96;

/** Copies `count` neighbouring elements between arrays of one element type. */
export function copyRun(
  source: HostArray,
  sourceFrom: number,
  target: HostArray,
  targetFrom: number,
  count: number,
): void {
  if (count >= blockLength) {
    target.set(source.subarray(sourceFrom, sourceFrom + count), targetFrom);
    return;
  }
  for (let i = 0; i < count; i++) target[targetFrom + i] = source[sourceFrom + i]!;
}
