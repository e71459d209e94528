import type { HybridConfig } from '../config/hybrid-config.js';
import type { LayerConfig, MlpConfig } from '../config/layer-configs.js';

/** A model as its blocks: a mixer each, and perhaps the same MLP after every one. */
export interface ConfigBlocks {
  readonly mixers: readonly LayerConfig[];
  readonly mlp?: MlpConfig;
}

/** Takes a model's layers as blocks; `undefined` where MLPs stand after some mixers only. */
export function blocksOfConfig(config: HybridConfig): ConfigBlocks | undefined {
  const isMlp = (layer: LayerConfig): layer is MlpConfig => layer.kind === 'mlp';
  const { layers } = config;
  if (!layers.some(isMlp)) return { mixers: layers };
  const isPaired = layers.every((layer, index) => isMlp(layer) === (index % 2 === 1));
  if (!isPaired || layers.length % 2 !== 0) return undefined;
  return { mixers: layers.filter((layer) => !isMlp(layer)), mlp: layers[1] as MlpConfig };
}
