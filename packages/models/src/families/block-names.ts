import type { HybridConfig } from '../config/hybrid-config.js';
import type { LayerConfig } from '../config/layer-configs.js';
import { layerParameter, partOnDisk } from './part-names.js';

/** What a family calls the parts of a model whose blocks are two of our layers: a mixer, then an MLP. */
export interface BlockNames {
  /** Default is `model.norm`. */
  readonly finalNorm?: string;
  readonly mixerNorm: string;
  readonly mlpNorm: string;
  /** The modules of mixers by kind. */
  readonly mixers: Readonly<Partial<Record<LayerConfig['kind'], string>>>;
  readonly mlp: string;
  /** Names of parts that differ from the usual. */
  readonly parts?: Readonly<Record<string, string>>;
}

/** Names on disk of such a family: `model.layers.{block}.{module}.{part}`. */
export function blockNames(names: BlockNames): (parameter: string, config: HybridConfig) => string[] {
  return (parameter, config) => {
    if (parameter === 'embedding.weight') return ['model.embed_tokens.weight'];
    if (parameter === 'head.weight') return ['lm_head.weight'];
    if (parameter.startsWith('finalNorm.')) {
      return [`${names.finalNorm ?? 'model.norm'}.${partOnDisk(parameter.slice('finalNorm.'.length))}`];
    }
    const found = layerParameter(parameter);
    if (!found) return [];
    const { layer, isNorm, part } = found;
    const isMixer = layer % 2 === 0;
    const norm = isMixer ? names.mixerNorm : names.mlpNorm;
    const module = isMixer ? (names.mixers[config.layers[layer]!.kind] ?? 'mixer') : names.mlp;
    const prefix = `model.layers.${Math.floor(layer / 2)}.${isNorm ? norm : module}`;
    return [`${prefix}.${isNorm ? partOnDisk(part) : partOnDisk(part, names.parts)}`];
  };
}

/** The names of LlamaForCausalLM and of those made after it. */
export const llamaNames = blockNames({
  mixerNorm: 'input_layernorm',
  mlpNorm: 'post_attention_layernorm',
  mixers: { attention: 'self_attn' },
  mlp: 'mlp',
});
