import { HybraError, throwIfAborted } from '@hybra/spec';

/** Bytes that can be read by range: a file, a Blob, something behind HTTP, or memory. */
export interface ByteSource {
  /** Names the source in messages. */
  readonly name: string;
  /** Bytes in all. */
  readonly size: number;
  /**
   * Exactly the bytes `offset … offset + length − 1`, in memory of their own that starts at `byteOffset` 0 (so
   * that typed arrays can view it).
   * @throws E_ARGUMENT outside the source, E_IO, E_ABORTED, E_OUT_OF_MEMORY, E_DISPOSED after `close`
   */
  read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /** Releases what the source holds. Idempotent. */
  close(): Promise<void>;
}

/** Checks a read before anything is allocated for it. @throws E_ARGUMENT, E_DISPOSED, E_ABORTED */
export function checkRead(
  source: { readonly name: string; readonly size: number; readonly isClosed: boolean },
  range: { readonly offset: number; readonly length: number },
  signal: AbortSignal | undefined,
): void {
  const { offset, length } = range;
  if (source.isClosed) {
    throw new HybraError('E_DISPOSED', `${source.name}: read after close().`, { source: source.name });
  }
  const areLengths =
    Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (!areLengths || offset + length > source.size) {
    throw new HybraError(
      'E_ARGUMENT',
      `${source.name}: cannot read ${length} bytes at ${offset}. Expected a range inside its ${source.size} bytes.`,
      { source: source.name, offset, length, size: source.size },
    );
  }
  throwIfAborted(signal, `reading ${source.name}`);
}
