import type { GgufField } from '@hybra/weights';
import type { HybridConfig } from '../../config/hybrid-config.js';
import type { LayerConfig } from '../../config/layer-configs.js';
import { real, type TensorFacts, whole } from '../gguf-architecture.js';
import type { GgufMetadata } from '../gguf-metadata.js';

/** Far above any model; only keeps lists of one entry a block small. */
const mostBlocks = 65_536;

/**
 * Blocks of the model itself: blocks after them, which predict further tokens, are left unread.
 * @throws E_FORMAT
 */
export function blockCount(metadata: GgufMetadata): number {
  const all = metadata.size('{arch}.block_count');
  const blocks = all - (metadata.optionalSize('{arch}.nextn_predict_layers') ?? 0);
  if (blocks < 1 || all > mostBlocks) throw metadata.wrong('{arch}.block_count', `1 to ${mostBlocks}`);
  return blocks;
}

/** A number for each block of the model; `fallback` where the key is missing. @throws E_FORMAT */
export function perBlock(metadata: GgufMetadata, key: string, fallback: number): readonly number[] {
  const blocks = blockCount(metadata);
  if (metadata.raw(key) === undefined) return new Array<number>(blocks).fill(fallback);
  return metadata.perLayer(key, metadata.size('{arch}.block_count')).slice(0, blocks);
}

/** The one number, other than 0, that a list has; `undefined` where it has none. @throws E_FORMAT */
export function onlySize(metadata: GgufMetadata, key: string): number | undefined {
  const values = new Set(perBlock(metadata, key, 0));
  values.delete(0);
  const [value, ...others] = values;
  if (value === undefined) return undefined;
  if (others.length > 0 || !Number.isInteger(value) || value < 1) {
    throw metadata.wrong(key, 'one integer from 1 for all blocks that have it');
  }
  return value;
}

/** The keys of `config.json` that all families have, most of them under these names. @throws E_FORMAT */
export function commonJson(metadata: GgufMetadata, facts: TensorFacts): Record<string, unknown> {
  return {
    hidden_size: metadata.size('{arch}.embedding_length'),
    vocab_size: facts.vocabularySize,
    num_hidden_layers: blockCount(metadata),
    tie_word_embeddings: !facts.has('output.weight'),
  };
}

/** The epsilon of the norms. @throws E_FORMAT */
export function epsilonOf(metadata: GgufMetadata): number {
  return metadata.number('{arch}.attention.layer_norm_rms_epsilon') ?? 1e-5;
}

/** Fields that all architectures have. @param blocks see `layersPerBlock` */
export function commonFields(config: HybridConfig, blocks: number): Record<string, GgufField> {
  return {
    context_length: whole(config.contextLength ?? 2 ** 20),
    embedding_length: whole(config.hiddenSize),
    block_count: whole(blocks),
    'attention.layer_norm_rms_epsilon': real(config.norm.epsilon),
  };
}

/** The first layer of a kind. */
export function firstOf<Kind extends LayerConfig['kind']>(
  layers: readonly LayerConfig[],
  kind: Kind,
): Extract<LayerConfig, { kind: Kind }> | undefined {
  return layers.find((layer): layer is Extract<LayerConfig, { kind: Kind }> => layer.kind === kind);
}

/** Of blocks of two layers, the mixers and what follows them. */
export function mixersAndMlps(config: HybridConfig): {
  readonly mixers: readonly LayerConfig[];
  readonly mlps: readonly LayerConfig[];
} {
  return {
    mixers: config.layers.filter((_, index) => index % 2 === 0),
    mlps: config.layers.filter((_, index) => index % 2 === 1),
  };
}
