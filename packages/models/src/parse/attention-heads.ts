import * as bounds from './bounds.js';
import type { ConfigReader } from './config-reader.js';
import { requireDivisor } from './require-divisor.js';

/** Heads of an attention layer. */
export interface AttentionHeads {
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
}

/**
 * `num_attention_heads`, `num_key_value_heads` and `head_dim`.
 * @param options.keyValueHeads where the configuration names none; default is as many as heads
 * @param options.headSize where there is no `head_dim`; default is hidden / heads, which must be whole
 * @throws E_CONFIG
 */
export function readAttentionHeads(
  reader: ConfigReader,
  options: {
    readonly hiddenSize: number;
    readonly heads?: number;
    readonly keyValueHeads?: number;
    readonly headSize?: number;
  },
): AttentionHeads {
  const heads = reader.integer(['num_attention_heads', 'num_heads'], bounds.size, options.heads);
  // `null` asks for as many as heads, whatever the family has where the key is missing.
  const fallback = reader.isNull('num_key_value_heads') ? heads : (options.keyValueHeads ?? heads);
  const keyValueHeads = reader.integer('num_key_value_heads', bounds.size, fallback);
  requireDivisor(
    reader,
    { key: 'num_key_value_heads', value: keyValueHeads },
    { key: 'num_attention_heads', value: heads },
  );
  const headSize = reader.optionalInteger('head_dim', bounds.size) ?? options.headSize;
  if (headSize === undefined) {
    requireDivisor(
      reader,
      { key: 'num_attention_heads', value: heads },
      { key: 'hidden_size', value: options.hiddenSize },
    );
  }
  return { heads, keyValueHeads, headSize: headSize ?? options.hiddenSize / heads };
}
