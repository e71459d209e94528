/** Threads of a block of kernels that walk elements. */
export const elementThreads = 256;

/** Blocks for a walk over `count` elements: kernels stride over what is beyond. */
export function elementGrid(count: number): readonly [number, number, number] {
  return [Math.min(Math.max(Math.ceil(count / elementThreads), 1), 132 * 32), 1, 1];
}

/** Threads for a block that reduces a row of `width` elements: whole warps, no more than the row has work for. */
export function rowThreads(width: number): number {
  return Math.min(Math.max(32 * Math.ceil(width / 128), 32), 1024);
}

/** Threads of a block of the kernels that join parts of sums. */
export const joinThreads = 256;

/** Blocks for `count` sums of parts: 32 each. */
export function joinGrid(count: number): readonly [number, number, number] {
  return [Math.max(1, Math.ceil(count / 32)), 1, 1];
}
