import { HybraError } from '@hybra/spec';
import type { TensorFacts } from '../gguf-architecture.js';
import type { GgufMetadata } from '../gguf-metadata.js';
import { ropeDivisorsName, yarnMagnitude } from './rope-fields.js';

/**
 * The `rope_parameters` that the metadata amount to.
 * @throws E_FORMAT; E_CONFIG for scalings that are not read
 */
export function ropeJson(
  metadata: GgufMetadata,
  facts: TensorFacts,
  headSize: number,
): { readonly rope_parameters: Record<string, unknown> } {
  const rotated = metadata.optionalSize('{arch}.rope.dimension_count') ?? headSize;
  if (rotated > headSize || rotated % 2 !== 0) {
    throw metadata.wrong('{arch}.rope.dimension_count', `an even number up to ${headSize}`);
  }
  const scaling =
    facts.ropeDivisors === undefined
      ? statedScaling(metadata)
      : perPair(metadata, facts.ropeDivisors, rotated);
  return {
    rope_parameters: {
      rope_theta: metadata.number('{arch}.rope.freq_base') ?? 10_000,
      ...(rotated !== headSize && { partial_rotary_factor: share(rotated, headSize) }),
      ...scaling,
    },
  };
}

/** A share of the head that is rotated dimensions again once it is multiplied and rounded down. */
function share(rotated: number, headSize: number): number {
  const exact = rotated / headSize;
  return Math.floor(headSize * exact) === rotated ? exact : (rotated + 0.5) / headSize;
}

/** Divisors of any kind are what LongRoPE has within its first context, which is all of it here. */
function perPair(
  metadata: GgufMetadata,
  divisors: readonly number[],
  rotated: number,
): Record<string, unknown> {
  if (divisors.length !== rotated / 2) {
    throw new HybraError(
      'E_FORMAT',
      `GGUF: ${ropeDivisorsName} has ${divisors.length} numbers. Expected ${rotated / 2}, one for each rotated pair.`,
      { tensor: ropeDivisorsName },
    );
  }
  return {
    rope_type: 'longrope',
    factor: 1,
    attention_factor: 1,
    original_max_position_embeddings: metadata.size('{arch}.context_length'),
    short_factor: divisors,
    long_factor: divisors,
  };
}

function statedScaling(metadata: GgufMetadata): Record<string, unknown> {
  const factor = metadata.number('{arch}.rope.scaling.factor') ?? 1;
  const type = metadata.text('{arch}.rope.scaling.type') ?? 'linear';
  if (type === 'yarn') return yarnJson(metadata, factor);
  if (type === 'none' || (type === 'linear' && (factor === 1 || factor === 0)))
    return { rope_type: 'default' };
  if (type === 'linear') return { rope_type: 'linear', factor };
  throw new HybraError(
    'E_CONFIG',
    `GGUF: positions scaled as ${JSON.stringify(type.slice(0, 40))} are not read; read are linear and yarn. Use the checkpoint in safetensors.`,
    { type: type.slice(0, 40) },
  );
}

function yarnJson(metadata: GgufMetadata, factor: number): Record<string, unknown> {
  const stated = metadata.number('{arch}.rope.scaling.yarn_attn_factor');
  const times = metadata.number('{arch}.rope.scaling.attn_factor') ?? 1;
  return {
    rope_type: 'yarn',
    factor,
    original_max_position_embeddings:
      metadata.optionalSize('{arch}.rope.scaling.original_context_length') ??
      metadata.size('{arch}.context_length'),
    beta_fast: metadata.number('{arch}.rope.scaling.yarn_beta_fast') ?? 32,
    beta_slow: metadata.number('{arch}.rope.scaling.yarn_beta_slow') ?? 1,
    attention_factor: stated ?? yarnMagnitude(factor) * times,
  };
}
