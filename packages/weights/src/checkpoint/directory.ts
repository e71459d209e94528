import type { ByteSource } from '../sources/byte-source.js';

/** The files of a checkpoint, wherever they are. Flat: names hold no path. */
export interface Directory {
  /** Names the directory in messages. */
  readonly name: string;
  /**
   * Opens a file; undefined if there is none of that name.
   * @throws E_FORMAT if `fileName` is no plain file name, E_IO, E_ABORTED
   */
  open(fileName: string, signal?: AbortSignal): Promise<ByteSource | undefined>;
}
