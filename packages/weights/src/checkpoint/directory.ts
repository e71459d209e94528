import type { WeightSource } from '../safetensors/weight-source.js';
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
  /**
   * Opens the weights, where they are no files of the directory: those inside a GGUF file, for one. Default is
   * none: `openCheckpoint` looks for files.
   * @throws as `openCheckpoint`
   */
  openWeights?(signal?: AbortSignal): Promise<WeightSource>;
}
