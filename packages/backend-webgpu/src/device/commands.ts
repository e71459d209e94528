/**
 * The command encoder that copies and runs are put into, in order. They wait for one another, so that a step and
 * the copy of its result for the host are one submission: at the latest until the next run or the end of the
 * current turn.
 */
export class Commands {
  readonly #gpu: GPUDevice;
  #open: GPUCommandEncoder | undefined;
  #hasRun = false;

  constructor(gpu: GPUDevice) {
    this.#gpu = gpu;
  }

  /** The encoder to put copies into. */
  encoder(): GPUCommandEncoder {
    if (!this.#open) {
      this.#open = this.#gpu.createCommandEncoder();
      queueMicrotask(() => this.submit());
    }
    return this.#open;
  }

  /** The encoder to put a run into. */
  encoderForRun(): GPUCommandEncoder {
    // A GPU that has nothing to do costs more than a submission.
    if (this.#hasRun) this.submit();
    this.#hasRun = true;
    return this.encoder();
  }

  /** Submits what is waiting. To be called before anything else goes to the queue or a buffer is destroyed. */
  submit(): void {
    const encoder = this.#open;
    if (!encoder) return;
    this.#open = undefined;
    this.#hasRun = false;
    this.#gpu.queue.submit([encoder.finish()]);
  }
}
