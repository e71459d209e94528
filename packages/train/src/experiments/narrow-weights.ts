import { type HostWeights, type HybridConfig, initialWeights, parameterSpecs } from '@hybra/models';

/**
 * Initial weights of a narrow model. N(0, 0.02²) of attention, MLP and output projections is meant for a thousand
 * inputs and more; with 32 it leaves queries and keys so small that attention takes long to begin. Here such matrices
 * have the width of the Kaiming-uniform ones that Mamba's input projections are drawn from, 1/√(3 · inputs), where
 * that is more.
 */
export function narrowWeights(config: HybridConfig, seed: number): HostWeights {
  const weights = new Map(initialWeights(config, seed));
  for (const { name, shape, layer, initial } of parameterSpecs(config)) {
    const values = weights.get(name);
    if (!values || layer < 0 || initial.kind !== 'normal' || shape.length !== 2) continue;
    const factor = 1 / (Math.sqrt(3 * shape[1]!) * wideDeviation);
    if (factor > 1)
      weights.set(
        name,
        values.map((value) => value * factor),
      );
  }
  return weights;
}

/** Of models of usual width. */
const wideDeviation = 0.02;
