import type { Device, DType } from '@hybra/spec';
import { HybraError } from '@hybra/spec';
import type { Placement } from './placement.js';

/** How far loading is. */
export interface LoadProgress {
  /** Bytes of the checkpoint read so far. */
  readonly loadedBytes: number;
  readonly totalBytes: number;
  /** The parameter that was read last. */
  readonly parameter: string;
}

/** Options of `loadModel` and `modelFromWeights`. Either `device` or `placement` is required. */
export interface LoadOptions {
  /** The device of everything. */
  readonly device?: Device | undefined;
  /** Devices by layer kind or index; its `default` has embedding, final norm and head. */
  readonly placement?: Placement | undefined;
  /**
   * Storage of the matrices. Default is `f32`. Vectors, convolutions and decay rates are float32 always, and so
   * are activations and sums.
   */
  readonly dtype?: 'f32' | 'f16' | 'bf16' | undefined;
  /** Storage of SSM states and of cached keys and values. Default is `f32`. */
  readonly stateDtype?: 'f32' | 'f16' | 'bf16' | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
}

const storageTypes: readonly DType[] = ['f32', 'f16', 'bf16'];

/** @throws E_DTYPE when a dtype is none of f32, f16, bf16 or a device cannot hold it */
export function checkStorage(name: string, dtype: DType, devices: readonly Device[]): void {
  if (!storageTypes.includes(dtype)) {
    throw new HybraError(
      'E_DTYPE',
      `loading a model: ${name} is ${String(dtype)}, expected f32, f16 or bf16.`,
      {
        name,
        dtype,
      },
    );
  }
  for (const device of devices) {
    if (device.capabilities.storage.includes(dtype)) continue;
    throw new HybraError(
      'E_DTYPE',
      `loading a model: ${name} is ${dtype}, which ${device.name} cannot hold; it holds ${device.capabilities.storage.join(', ')}.`,
      { name, dtype, device: device.name },
    );
  }
}
