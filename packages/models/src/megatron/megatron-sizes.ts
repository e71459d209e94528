import { HybraError } from '@hybra/spec';
import type { MegatronArgs } from './megatron-args.js';

/** Sizes that tell how tensors are cut. */
export interface MegatronSizes {
  readonly ranks: number;
  readonly mamba: {
    readonly heads: number;
    readonly headSize: number;
    readonly stateSize: number;
    readonly groups: number;
  };
  readonly attention: { readonly heads: number; readonly keyValueHeads: number; readonly headSize: number };
  /** Rows of in_proj's parts on each rank: those of z or x, of B or C, of dt. */
  readonly onEachRank: { readonly inner: number; readonly maps: number; readonly heads: number };
  /** Query groups on each rank, rows of a group's queries, and size of a head. */
  readonly queryGroups: { readonly groups: number; readonly queries: number; readonly headSize: number };
}

/**
 * Sizes from a checkpoint's args; what they leave out is what Megatron's code of 2024 had fixed: state 128, heads of
 * 64, 8 groups.
 * @throws E_FORMAT when they do not divide
 */
export function megatronSizes(args: MegatronArgs, ranks: number): MegatronSizes {
  const hidden = args.number('hidden_size');
  const headSize = args.number('mamba_head_dim', 64);
  const heads = args.number('mamba_num_heads', (2 * hidden) / headSize);
  const groups = args.number('mamba_num_groups', 8);
  const stateSize = args.number('mamba_state_dim', 128);
  const queryHeads = args.number('num_attention_heads');
  const keyValueHeads = args.flag('group_query_attention')
    ? args.number('num_query_groups', queryHeads)
    : queryHeads;
  const attentionSize = args.number('kv_channels', hidden / queryHeads);
  const sizes: MegatronSizes = {
    ranks,
    mamba: { heads, headSize, stateSize, groups },
    attention: { heads: queryHeads, keyValueHeads, headSize: attentionSize },
    onEachRank: {
      inner: (heads * headSize) / ranks,
      maps: (groups * stateSize) / ranks,
      heads: heads / ranks,
    },
    queryGroups: {
      groups: keyValueHeads / ranks,
      queries: (queryHeads / keyValueHeads) * attentionSize,
      headSize: attentionSize,
    },
  };
  const counts = [
    ...Object.values(sizes.onEachRank),
    ...Object.values(sizes.queryGroups),
    ...Object.values(sizes.mamba),
  ];
  if (counts.every((count) => Number.isInteger(count) && count > 0)) return sizes;
  throw new HybraError(
    'E_FORMAT',
    `megatron checkpoint: ${heads} Mamba heads, ${groups} groups, ${queryHeads} heads and ${keyValueHeads} query groups do not divide over ${ranks} ranks. Expected the files of all ranks, in order.`,
    { ranks, heads, groups, queryHeads, keyValueHeads },
  );
}
