import type { Device } from '@hybra/spec';

/** Lengths that a chunk's program is compiled for: full chunks, then the remainder in the smallest that fits. */
const chunkBuckets: readonly number[] = [1, 16, 64, 256];

/** Longer ones, for devices that 256 tokens leave idle. */
const longBuckets: readonly number[] = [1024, 2048];
/** Threads from which on a device is one of them: a large GPU. */
const manyThreads = 2 ** 17;
/** Tokens of all rows together that fill such a device. */
const enoughTokens = 16_384;

/** Tokens that a chunk may write at once; rings of sliding windows hold that much more than their window. */
export const longestChunk: number = Math.max(...chunkBuckets);

/** Tokens of a chunk on these devices for which longer chunks no longer pay; for states without sliding windows. */
export function fullChunk(devices: readonly Device[], rows: number): number {
  if (devices.some(({ capabilities }) => (capabilities.threads ?? 0) < manyThreads)) return longestChunk;
  return longBuckets.findLast((bucket) => bucket * rows <= enoughTokens) ?? longestChunk;
}

/** One chunk of a ragged batch. */
export interface PrefillChunk {
  /** T, the padded length. */
  readonly time: number;
  /** Tokens before this chunk in every row. */
  readonly offset: number;
  /** Valid tokens per row, 0 … time. */
  readonly lengths: readonly number[];
}

/**
 * Cuts rows of different lengths into chunks that a few programs can run. Padding lies on the right and is
 * masked, so that each row's state is that of exactly its tokens.
 * @param most tokens of a chunk
 */
export function prefillChunks(rowLengths: readonly number[], most: number = longestChunk): PrefillChunk[] {
  const buckets = [...chunkBuckets, ...longBuckets].filter((bucket) => bucket <= most);
  const longest = Math.max(0, ...rowLengths);
  const chunks: PrefillChunk[] = [];
  for (let offset = 0; offset < longest; ) {
    const rest = longest - offset;
    const time = buckets.find((bucket) => bucket >= rest) ?? buckets.at(-1)!;
    const lengths = rowLengths.map((length) => Math.min(Math.max(length - offset, 0), time));
    chunks.push({ time, offset, lengths });
    offset += time;
  }
  return chunks;
}

/** One chunk per token: the recurrent form. */
export function singleSteps(rowLengths: readonly number[]): PrefillChunk[] {
  const longest = Math.max(0, ...rowLengths);
  return Array.from({ length: longest }, (_, offset) => ({
    time: 1,
    offset,
    lengths: rowLengths.map((length) => (length > offset ? 1 : 0)),
  }));
}
