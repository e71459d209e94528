import type { GgufField } from '@hybra/weights';
import type { AttentionConfig, LayerConfig } from '../../config/layer-configs.js';
import { whole, wholes } from '../gguf-architecture.js';
import type { GgufMetadata } from '../gguf-metadata.js';
import { onlySize } from './block-fields.js';

/** Heads as `config.json` has them. */
export interface HeadsJson {
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
}

/** Heads of a model; 1 of size 1 where there is no attention, which nothing looks at. @throws E_FORMAT */
export function headsJson(metadata: GgufMetadata): HeadsJson {
  const heads = onlySize(metadata, '{arch}.attention.head_count');
  if (heads === undefined) return { num_attention_heads: 1, num_key_value_heads: 1, head_dim: 1 };
  const headSize =
    metadata.optionalSize('{arch}.attention.key_length') ?? metadata.size('{arch}.embedding_length') / heads;
  const valueSize = metadata.optionalSize('{arch}.attention.value_length') ?? headSize;
  if (valueSize !== headSize)
    throw metadata.wrong('{arch}.attention.value_length', `${headSize}, as of keys`);
  return {
    num_attention_heads: heads,
    num_key_value_heads: onlySize(metadata, '{arch}.attention.head_count_kv') ?? heads,
    head_dim: headSize,
  };
}

/** Fields of heads. @param mixers one a block: those that are no attention have 0 key-value heads */
export function headFields(
  mixers: readonly LayerConfig[],
  attention: AttentionConfig | undefined,
): Record<string, GgufField> {
  const isEverywhere = mixers.every((layer) => layer.kind === 'attention');
  const keyValueHeads = attention?.keyValueHeads ?? 0;
  return {
    'attention.head_count': whole(attention?.heads ?? 0),
    'attention.head_count_kv': isEverywhere
      ? whole(keyValueHeads)
      : wholes(mixers.map((layer) => (layer.kind === 'attention' ? keyValueHeads : 0))),
    ...(attention && {
      'attention.key_length': whole(attention.headSize),
      'attention.value_length': whole(attention.headSize),
    }),
  };
}
