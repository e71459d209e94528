import { disposeTensor } from '../graph/storage.js';
import { Tensor } from '../graph/tensor.js';

/** Something with memory to give back. */
export interface Disposable {
  dispose(): void;
}

/**
 * Owns tensors, programs and whatever else has a `dispose`, and frees them together, last first.
 * @example
 * using scope = new Scope();
 * const weights = scope.own(tensorOn(device, values, [4, 4]));
 */
export class Scope {
  readonly #owned: (Tensor | Disposable)[] = [];

  /** Takes over `thing` and returns it. */
  own<T extends Tensor | Disposable>(thing: T): T {
    this.#owned.push(thing);
    return thing;
  }

  /** Frees everything owned. Idempotent; every thing is freed even if one fails, and the first failure is thrown. */
  dispose(): void {
    let failure: { error: unknown } | undefined;
    for (let thing = this.#owned.pop(); thing !== undefined; thing = this.#owned.pop()) {
      try {
        if (Tensor.isInstance(thing)) disposeTensor(thing);
        else thing.dispose();
      } catch (error) {
        failure ??= { error };
      }
    }
    if (failure) throw failure.error;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}
