/*
 * The four architectures that arXiv 2406.07887 compares (its Table 6; flags in Megatron-LM's
 * examples/mamba at df61e60), and smaller ones of the same designs.
 *
 *   transformer     attention and MLP in turn, all heads with keys of their own, half of each head rotated (RoPE),
 *                   squared ReLU, LayerNorm-1p
 *   mamba           Mamba layers alone
 *   mamba2          Mamba-2 layers alone, 8 groups
 *   mamba2-hybrid   8 % attention without position embedding, 50 % GELU MLP, the rest Mamba-2
 */
import { HybraError } from '@hybra/spec';
import type { HybridConfig, NormConfig } from '../config/hybrid-config.js';
import type { LayerConfig } from '../config/layer-configs.js';
import { layerPattern, parsePattern } from '../config/layer-pattern.js';
import { nearestNames } from '../parse/nearest-names.js';
import { mamba2Layer, mambaLayer, plainMlp, transformerAttention } from './preset-layers.js';
import { type PresetSize, presetSizes } from './preset-sizes.js';

const designs = ['transformer', 'mamba', 'mamba2', 'mamba2-hybrid'] as const;
type Design = (typeof designs)[number];

/** Name of a preset, such as `mamba2-hybrid-8b`. */
export type PresetName = `${Design}-${keyof typeof presetSizes}`;

/** Every preset, by design and size. */
export const presetNames: readonly PresetName[] = designs.flatMap((design) => [
  `${design}-8b` as const,
  `${design}-130m` as const,
  `${design}-5m` as const,
]);

/**
 * The configuration of a preset.
 * @param options.vocabularySize instead of the preset's own
 * @throws E_CONFIG for an unknown name
 * @example parameterCount(preset('mamba2-hybrid-8b')) // 8654517248
 */
export function preset(name: PresetName, options: { readonly vocabularySize?: number } = {}): HybridConfig {
  if (!presetNames.includes(name)) {
    const near = nearestNames(String(name), presetNames);
    throw new HybraError(
      'E_CONFIG',
      `preset: ${JSON.stringify(name)} does not exist; ${near.length > 0 ? `nearest: ${near.join(', ')}` : `choose from ${presetNames.join(', ')}`}.`,
      { name },
    );
  }
  const at = name.lastIndexOf('-');
  const design = name.slice(0, at) as Design;
  const size = presetSizes[name.slice(at + 1) as keyof typeof presetSizes];
  return Object.freeze({
    family: design,
    vocabularySize: options.vocabularySize ?? size.vocabularySize,
    hiddenSize: size.hiddenSize,
    ...(design === 'transformer' || design === 'mamba2-hybrid' ? { contextLength: size.contextLength } : {}),
    layers: Object.freeze(layersOf(design, size)),
    norm: normOf(design),
    isTied: size.isTied,
  });
}

function normOf(design: Design): NormConfig {
  if (design === 'transformer') return { kind: 'layer', epsilon: 1e-5, isCentred: true };
  return { kind: 'rms', epsilon: 1e-5 };
}

function layersOf(design: Design, size: PresetSize): LayerConfig[] {
  switch (design) {
    case 'transformer':
      return Array.from({ length: 2 * size.transformerLayers }, (_, index) =>
        index % 2 === 0 ? transformerAttention(size) : plainMlp(size, 'relu2'),
      );
    case 'mamba':
      return Array.from({ length: size.layers }, () => mambaLayer(size));
    case 'mamba2':
      return Array.from({ length: size.layers }, () => mamba2Layer(size));
    case 'mamba2-hybrid':
      return hybridLayers(size);
  }
}

function hybridLayers(size: PresetSize): LayerConfig[] {
  const pattern = layerPattern({ layers: size.layers, attentionRatio: 0.08, mlpRatio: 0.5 });
  return parsePattern(pattern).map((kind) => {
    if (kind === 'mamba2') return mamba2Layer(size);
    if (kind === 'mlp') return plainMlp(size, 'gelu');
    return {
      kind: 'attention',
      heads: size.heads,
      keyValueHeads: size.keyValueHeads,
      headSize: size.hiddenSize / size.heads,
      bias: false,
    };
  });
}
