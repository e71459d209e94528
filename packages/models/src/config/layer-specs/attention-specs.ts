import type { AttentionConfig } from '../hybrid-config.js';
import { type PartSpec, projection, residual, type Sizes } from './part-spec.js';

/** Parameters of an attention layer. */
export function attentionSpecs(layer: AttentionConfig, sizes: Sizes): PartSpec[] {
  const { bias } = layer;
  const queries = layer.heads * layer.headSize;
  const keys = layer.keyValueHeads * layer.headSize;
  return [
    ...projection('query', [queries, sizes.hiddenSize], { bias }),
    ...projection('key', [keys, sizes.hiddenSize], { bias }),
    ...projection('value', [keys, sizes.hiddenSize], { bias }),
    ...projection('output', [sizes.hiddenSize, queries], { bias, initial: residual(sizes) }),
  ];
}
