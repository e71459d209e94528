import { elementCount, HybraError } from '@hybra/spec';
import type { Model } from '../build/build-model.js';
import type { HybridConfig } from '../config/hybrid-config.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import type { HostWeights } from '../initialize/initial-weights.js';
import { assembleModel } from './assemble-model.js';
import type { LoadOptions } from './load-options.js';

/**
 * A model from a configuration and weights on the host, such as those of {@link initialWeights}.
 * @throws E_FORMAT for missing or superfluous weights, E_SHAPE for a wrong count, and as `loadModel`
 * @example
 * const config = preset('mamba2-hybrid-5m');
 * const model = await modelFromWeights(config, initialWeights(config, 1), { device });
 */
export async function modelFromWeights(
  config: HybridConfig,
  weights: HostWeights,
  options: LoadOptions,
): Promise<Model> {
  const specs = parameterSpecs(config);
  const superfluous = new Set(weights.keys());
  let totalBytes = 0;
  for (const { name, shape, sharedWith } of specs) {
    if (sharedWith !== undefined) continue;
    const values = weights.get(name);
    if (!values) {
      throw new HybraError('E_FORMAT', `modelFromWeights: ${name} of [${shape.join(', ')}] is missing.`, {
        name,
      });
    }
    if (values.length !== elementCount(shape)) {
      throw new HybraError(
        'E_SHAPE',
        `modelFromWeights: ${name} has ${values.length} elements, expected ${elementCount(shape)} for [${shape.join(', ')}].`,
        { name, shape, length: values.length },
      );
    }
    superfluous.delete(name);
    totalBytes += values.byteLength;
  }
  if (superfluous.size > 0) {
    throw new HybraError(
      'E_FORMAT',
      `modelFromWeights: no part of this model are ${[...superfluous].slice(0, 5).join(', ')}${superfluous.size > 5 ? ` and ${superfluous.size - 5} more` : ''}.`,
      { names: [...superfluous].slice(0, 5) },
    );
  }
  return assembleModel(
    config,
    {
      totalBytes,
      async read(spec) {
        const { buffer, byteOffset, byteLength } = weights.get(spec.sharedWith ?? spec.name)!;
        return { bytes: new Uint8Array(buffer, byteOffset, byteLength), dtype: 'f32' };
      },
    },
    options,
  );
}
