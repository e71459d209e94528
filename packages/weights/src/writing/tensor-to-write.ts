import type { FileDType } from '../safetensors/file-dtype.js';

/** A tensor for a file, with its bytes: contiguous, row-major, little-endian. */
export interface TensorToEncode {
  readonly name: string;
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** A tensor for a file whose bytes may be made only when they are written. */
export interface TensorToWrite {
  readonly name: string;
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  /** The bytes, or a function that is called once, when their turn comes. */
  readonly bytes: Uint8Array | (() => Uint8Array | Promise<Uint8Array>);
}
