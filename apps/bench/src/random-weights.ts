import { type HostWeights, type HybridConfig, parameterSpecs } from '@hybra/models';
import { elementCount } from '@hybra/spec';

/**
 * Weights that take no time to make: one block of small random numbers again and again. Speed does not depend on
 * them, as long as nothing overflows or gets subnormal.
 */
export function randomWeights(config: HybridConfig): HostWeights {
  const block = new Float32Array(2 ** 20);
  const next = randomWords();
  for (let index = 0; index < block.length; index++) block[index] = (next() / 2 ** 32 - 0.5) * 0.04;
  const weights = new Map<string, Float32Array>();
  for (const { name, shape, sharedWith } of parameterSpecs(config)) {
    if (sharedWith !== undefined) continue;
    const values = new Float32Array(elementCount(shape));
    for (let at = 0; at < values.length; at += block.length) {
      values.set(block.subarray(0, Math.min(block.length, values.length - at)), at);
    }
    weights.set(name, values);
  }
  return weights;
}

/** Bytes for the codes of quantised matrices. */
export function randomBytes(count: number): Uint8Array<ArrayBuffer> {
  const next = randomWords();
  return new Uint8Array(count).map(() => next() >>> 24);
}

/** Numbers of 0 … 2^32 − 1. */
function randomWords(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0; // ANSI C's example of a generator
    return state;
  };
}
