/**
 * The command encoder that copies and runs are put into, in order. Copies wait for whatever is submitted next, so
 * that many of them are one submission.
 */
export class Commands {
  readonly #gpu: GPUDevice;
  #open: GPUCommandEncoder | undefined;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** The encoder to put commands into. */
  encoder(): GPUCommandEncoder {
    this.#open ??= this.#gpu.createCommandEncoder();
    return this.#open;
  }

  /** Submits what is waiting. To be called before anything else goes to the queue or a buffer is destroyed. */
  submit(): void {
    const encoder = this.#open;
    if (!encoder) return;
    this.#open = undefined;
    this.#gpu.queue.submit([encoder.finish()]);
  }
}
