import { HybraError } from '@hybra/spec';
import type { HybridConfig } from '../config/hybrid-config.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import { drawInitial } from './draw-initial.js';
import { uniformStream } from './uniform-stream.js';

/** Parameters of a model on the host, by name as in {@link parameterSpecs}, in float32. */
export type HostWeights = ReadonlyMap<string, Float32Array>;

/**
 * Weights as before training, by the rules of the papers: S4D-real or log-uniform decay, time steps
 * log-uniform in 1e-3 … 1e-1, kaiming-uniform input projections, N(0, 0.02²) for embeddings and attention and
 * MLP, and that divided by √layers for what writes to the residual stream.
 * @param seed 0 … 2⁵³ − 1; the same seed gives the same weights, each parameter from a stream of its own
 * @throws E_ARGUMENT
 */
export function initialWeights(config: HybridConfig, seed: number): HostWeights {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new HybraError(
      'E_ARGUMENT',
      `initialWeights: seed is ${seed}, expected an integer from 0 to 2^53 − 1.`,
      {
        seed,
      },
    );
  }
  return new Map(
    parameterSpecs(config)
      .filter((spec) => spec.sharedWith === undefined)
      .map((spec, index) => [spec.name, drawInitial(spec.initial, spec.shape, uniformStream(seed, index))]),
  );
}
