import type { HostArray } from '@hybra/spec';

/** Whether two arrays begin at the same byte of the same memory, as they do when a call works in place. */
export function sharesMemory(a: HostArray, b: HostArray): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset;
}
