/** Lengths that a chunk's program is compiled for: full chunks, then the remainder in the smallest that fits. */
const chunkBuckets: readonly number[] = [1, 16, 64, 256];

/** Tokens that a chunk may write at once; rings of sliding windows hold that much more than their window. */
export const longestChunk: number = Math.max(...chunkBuckets);

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
 */
export function prefillChunks(rowLengths: readonly number[]): PrefillChunk[] {
  const longest = Math.max(0, ...rowLengths);
  const chunks: PrefillChunk[] = [];
  for (let offset = 0; offset < longest; ) {
    const rest = longest - offset;
    const time = chunkBuckets.find((bucket) => bucket >= rest) ?? longestChunk;
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
