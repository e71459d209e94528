import { HybraError } from '@hybra/spec';

/**
 * Errors that WebGPU reports later than the call that made them. They are kept until somebody waits; the first
 * is thrown then.
 */
export class Failures {
  readonly #gpu: GPUDevice;
  readonly #pending = new Set<Promise<void>>();
  #first: HybraError | undefined;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
    gpu.addEventListener('uncapturederror', this.#onError);
  }

  /** Does something whose errors are to be named after `what`. */
  scope<T>(what: string, act: () => T): T {
    this.#gpu.pushErrorScope('out-of-memory');
    this.#gpu.pushErrorScope('validation');
    try {
      return act();
    } finally {
      for (let scope = 0; scope < 2; scope++) {
        const pending = this.#gpu.popErrorScope().then(
          (error) => {
            this.#pending.delete(pending);
            if (error) this.keep(typedError(what, error));
          },
          () => {
            // The device was lost; `lost` tells that.
            this.#pending.delete(pending);
          },
        );
        this.#pending.add(pending);
      }
    }
  }

  keep(error: HybraError): void {
    this.#first ??= error;
  }

  /** Resolves when all that was reported so far is known. @throws the first failure since the last time */
  async settle(): Promise<void> {
    await Promise.all(this.#pending);
    const failure = this.#first;
    this.#first = undefined;
    if (failure) throw failure;
  }

  dispose(): void {
    this.#gpu.removeEventListener('uncapturederror', this.#onError);
  }

  readonly #onError = (event: GPUUncapturedErrorEvent): void => {
    // Otherwise browsers log it, although it will be thrown.
    event.preventDefault();
    this.keep(typedError('a command', event.error));
  };
}

/** What a WebGPU error is among ours. */
export function typedError(what: string, error: GPUError): HybraError {
  // The classes are globals that Node has not; their constructors' names say the same.
  const kind = error.constructor.name;
  if (kind === 'GPUOutOfMemoryError') {
    return new HybraError(
      'E_OUT_OF_MEMORY',
      `${what}: the GPU is out of memory. Dispose of buffers, or use a smaller model, batch or context.`,
      { what, message: error.message },
      { cause: error },
    );
  }
  return new HybraError(
    'E_ARGUMENT',
    `${what}: WebGPU refused it (${kind}): ${error.message}`,
    { what, kind },
    { cause: error },
  );
}
