import type { GgufField } from '@hybra/weights';
import type { Mamba2Config, MambaConfig } from '../../config/layer-configs.js';
import { real, whole } from '../gguf-architecture.js';
import type { GgufMetadata } from '../gguf-metadata.js';

/** Key of the bounds of the time step, which readers of the format do not know and do not apply. */
const timeStepLimitKey = 'hybra.time_step_limit';

/** Fields of Mamba layers. */
export function mambaFields(layer: MambaConfig): Record<string, GgufField> {
  return {
    'ssm.conv_kernel': whole(layer.kernelSize),
    'ssm.inner_size': whole(layer.innerSize),
    'ssm.state_size': whole(layer.stateSize),
    'ssm.time_step_rank': whole(layer.timeStepRank),
  };
}

/** Fields of Mamba-2 layers. */
export function mamba2Fields(layer: Mamba2Config): Record<string, GgufField> {
  return {
    'ssm.conv_kernel': whole(layer.kernelSize),
    'ssm.inner_size': whole(layer.heads * layer.headSize),
    'ssm.state_size': whole(layer.stateSize),
    'ssm.time_step_rank': whole(layer.heads), // the number of heads, by convention
    'ssm.group_count': whole(layer.groups),
  };
}

/** The bounds of the time step, where there are any, under a key of hybra. */
export function timeStepFields({ timeStepLimit: [low, high] }: Mamba2Config): Record<string, GgufField> {
  if (low === 0 && high === Number.POSITIVE_INFINITY) return {};
  return { [timeStepLimitKey]: { type: 'array', of: 'f32', value: [low, high] } };
}

/** The bounds of the time step, if the file states them. @throws E_FORMAT */
export function timeStepLimit(metadata: GgufMetadata): readonly number[] | undefined {
  return metadata.numbers(timeStepLimitKey);
}

/** Sizes of Mamba-2 layers. @throws E_FORMAT */
export function mamba2Sizes(metadata: GgufMetadata): {
  readonly inner: number;
  readonly heads: number;
  readonly headSize: number;
  readonly stateSize: number;
  readonly groups: number;
  readonly kernelSize: number;
} {
  const inner = metadata.size('{arch}.ssm.inner_size');
  const heads = metadata.size('{arch}.ssm.time_step_rank');
  return {
    inner,
    heads,
    headSize: inner / heads,
    stateSize: metadata.size('{arch}.ssm.state_size'),
    groups: metadata.size('{arch}.ssm.group_count'),
    kernelSize: metadata.size('{arch}.ssm.conv_kernel'),
  };
}

/** A Mamba-2 layer in the keys that Bamba has for it, and those made after it. @throws E_FORMAT */
export function bambaMamba2Json(
  metadata: GgufMetadata,
  hasConvolutionBias: boolean,
): Record<string, unknown> {
  const { inner, heads, headSize, stateSize, groups, kernelSize } = mamba2Sizes(metadata);
  const limit = timeStepLimit(metadata);
  return {
    mamba_expand: inner / metadata.size('{arch}.embedding_length'),
    mamba_n_heads: heads,
    mamba_d_head: headSize,
    mamba_n_groups: groups,
    mamba_d_state: stateSize,
    mamba_d_conv: kernelSize,
    mamba_conv_bias: hasConvolutionBias,
    mamba_proj_bias: false,
    ...(limit && { time_step_limit: limit }),
  };
}

/** The epsilon of norms inside Mamba layers under a key of hybra, where it is not that of the other norms. */
export const innerEpsilonKey = 'hybra.mixer_rms_epsilon';

/** @see innerEpsilonKey */
export function innerEpsilonFields(epsilon: number, others: number): Record<string, GgufField> {
  return epsilon === others ? {} : { [innerEpsilonKey]: real(epsilon) };
}
