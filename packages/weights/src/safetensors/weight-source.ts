import type { FileDType } from './file-dtype.js';

/** One tensor of a checkpoint file. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: FileDType;
  /** Row-major extents. */
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** The tensors of a checkpoint, in one file or many. Nothing but headers is read before `read`. */
export interface WeightSource {
  /** Tensors by name, in the order of the file. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** The file's `__metadata__`; of several files, what they agree on. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * The bytes of one tensor: contiguous, row-major, little-endian, in memory of their own.
   * @throws E_FORMAT if there is no such tensor, E_IO, E_ABORTED, E_OUT_OF_MEMORY, E_DISPOSED after `close`
   */
  read(name: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  /** Closes the files. Idempotent. */
  close(): Promise<void>;
}
