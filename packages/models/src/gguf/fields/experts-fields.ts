import { HybraError } from '@hybra/spec';
import type { GgufField } from '@hybra/weights';
import type { ExpertsConfig } from '../../config/layer-configs.js';
import { whole } from '../gguf-architecture.js';
import type { GgufMetadata } from '../gguf-metadata.js';
import { onlySize } from './block-fields.js';

/** How many experts there are and how many a token goes to; `undefined` where there are none. @throws E_FORMAT */
export function expertCounts(
  metadata: GgufMetadata,
): { readonly experts: number; readonly chosen: number } | undefined {
  const experts = metadata.optionalSize('{arch}.expert_count');
  if (experts === undefined) return undefined;
  const chosen = onlySize(metadata, '{arch}.expert_used_count');
  if (chosen === undefined) throw metadata.wrong('{arch}.expert_used_count', 'an integer from 1');
  return { experts, chosen };
}

/** @throws E_CONFIG for a file with experts, of an architecture that we read without */
export function refuseExperts(metadata: GgufMetadata): void {
  if (metadata.optionalSize('{arch}.expert_count') === undefined) return;
  throw new HybraError(
    'E_CONFIG',
    `GGUF: ${metadata.architecture} with experts is not read. Use the checkpoint in safetensors.`,
    { key: '{arch}.expert_count' },
  );
}

/** Fields of experts; none where there are none. */
export function expertFields(experts: ExpertsConfig | undefined): Record<string, GgufField> {
  if (!experts) return {};
  return {
    expert_count: whole(experts.experts),
    expert_used_count: whole(experts.chosen),
    ...(experts.shared && { expert_shared_feed_forward_length: whole(experts.shared.innerSize) }),
  };
}
