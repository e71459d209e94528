import { type HybridConfig, preset } from '@hybra/models';

/** Sizes that the comparison is run in: the paper's, and one for tests. */
export const headlineSizes = ['8b', 'tiny'] as const;
export type HeadlineSize = (typeof headlineSizes)[number];

/** The models that are compared. */
export const headlineNames = ['hybrid', 'transformer', 'transformer-gqa'] as const;
export type HeadlineName = (typeof headlineNames)[number];

/** What the models are called in tables and plots. */
export const headlineLabels: Readonly<Record<HeadlineName, string>> = {
  hybrid: 'Mamba-2-Hybrid 8B',
  transformer: 'Transformer 8B, 32 key heads',
  'transformer-gqa': 'Transformer 8B, 8 key heads',
};

/** Key heads of the Transformer that is measured apart: as many as the hybrid's attention has. */
const fewKeyHeads: Readonly<Record<HeadlineSize, number>> = { '8b': 8, tiny: 2 };

/**
 * A model of arXiv 2406.07887, Tables 1 and 6: the hybrid of 24 Mamba-2, 4 attention and 28 MLP layers, or the
 * Transformer of 32 pairs, whose every head has keys of its own in the paper.
 */
export function headlineConfig(name: HeadlineName, size: HeadlineSize): HybridConfig {
  const scale = size === 'tiny' ? '5m' : size;
  const options = size === 'tiny' ? { vocabularySize: 64 } : {};
  if (name === 'hybrid') return preset(`mamba2-hybrid-${scale}`, options);
  const transformer = preset(`transformer-${scale}`, options);
  if (name === 'transformer') return transformer;
  return {
    ...transformer,
    layers: transformer.layers.map((layer) =>
      layer.kind === 'attention' ? { ...layer, keyValueHeads: fewKeyHeads[size] } : layer,
    ),
  };
}
