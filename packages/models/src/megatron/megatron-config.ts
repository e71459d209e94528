import { HybraError } from '@hybra/spec';
import type { MegatronArgs } from './megatron-args.js';
import type { MegatronSizes } from './megatron-sizes.js';

/** What a checkpoint's tensors say about the model. */
export interface MegatronModel {
  readonly args: MegatronArgs;
  readonly sizes: MegatronSizes;
  /** Names in transformers' layout, with shapes. */
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/**
 * The `config.json` of transformers' nemotron_h for a checkpoint of Megatron.
 * @throws E_CONFIG for what nemotron_h cannot say: LayerNorm, rotary positions, gated MLPs
 */
export function nemotronConfig({ args, sizes, shapes }: MegatronModel): Record<string, unknown> {
  refuse(args.text('normalization') === 'LayerNorm', 'LayerNorm', 'RMSNorm');
  refuse(args.text('position_embedding_type') === 'rope', 'rotary positions', 'none');
  refuse(args.flag('swiglu'), 'gated MLPs', 'plain ones');
  const layers = layerTypes(shapes);
  const [vocabulary, hidden] = shapes.get('backbone.embeddings.weight') ?? [];
  const has = (ending: string): boolean => [...shapes.keys()].some((name) => name.endsWith(ending));
  const rowsOf = (ending: string): number | undefined =>
    [...shapes].find(([name]) => name.endsWith(ending))?.[1][0];
  const kernel = [...shapes].find(([name]) => name.endsWith('.conv1d.weight'))?.[1].at(-1);
  return {
    architectures: ['NemotronHForCausalLM'],
    model_type: 'nemotron_h',
    vocab_size: vocabulary,
    hidden_size: hidden,
    layers_block_type: layers,
    num_hidden_layers: layers.length,
    mamba_num_heads: sizes.mamba.heads,
    mamba_head_dim: sizes.mamba.headSize,
    ssm_state_size: sizes.mamba.stateSize,
    n_groups: sizes.mamba.groups,
    ...(kernel !== undefined && { conv_kernel: kernel }),
    use_conv_bias: has('.conv1d.bias'),
    use_bias: has('.in_proj.bias'),
    num_attention_heads: sizes.attention.heads,
    num_key_value_heads: sizes.attention.keyValueHeads,
    head_dim: sizes.attention.headSize,
    attention_bias: has('.q_proj.bias'),
    ...(rowsOf('.mixer.up_proj.weight') !== undefined && {
      intermediate_size: rowsOf('.mixer.up_proj.weight'),
    }),
    mlp_hidden_act: args.flag('squared_relu') ? 'relu2' : 'gelu',
    mlp_bias: has('.up_proj.bias'),
    ...expertKeys(args, rowsOf),
    layer_norm_epsilon: args.number('norm_epsilon', args.number('layernorm_epsilon', 1e-5)),
    max_position_embeddings: args.number('max_position_embeddings', 4096),
    // Megatron bounds no time step; `toMegatron` leaves the bound of a model from elsewhere here.
    time_step_min: args.number('time_step_min', 0),
    tie_word_embeddings: !shapes.has('lm_head.weight'),
    torch_dtype: args.flag('bf16') ? 'bfloat16' : args.flag('fp16') ? 'float16' : 'float32',
  };
}

function expertKeys(
  args: MegatronArgs,
  rowsOf: (ending: string) => number | undefined,
): Record<string, unknown> {
  const inner = rowsOf('.experts.0.up_proj.weight');
  if (inner === undefined) return {};
  const shared = rowsOf('.shared_experts.up_proj.weight');
  const latent = rowsOf('.fc1_latent_proj.weight');
  return {
    n_routed_experts: rowsOf('.mixer.gate.weight'),
    num_experts_per_tok: args.number('moe_router_topk', 2),
    moe_intermediate_size: inner,
    ...(shared !== undefined && { moe_shared_expert_intermediate_size: shared }),
    ...(latent !== undefined && { moe_latent_size: latent }),
    n_group: args.number('moe_router_num_groups', 1),
    topk_group: args.number('moe_router_group_topk', 1),
    routed_scaling_factor: args.number('moe_router_topk_scaling_factor', 1),
    norm_topk_prob: true,
  };
}

/** The kind of each layer, by the tensors it has. */
function layerTypes(shapes: ReadonlyMap<string, readonly number[]>): string[] {
  const types: string[] = [];
  for (const name of shapes.keys()) {
    const match = /^backbone\.layers\.(\d+)\.mixer\.(\w+)/.exec(name);
    if (!match) continue;
    const [layer, part] = [Number(match[1]), match[2]!];
    if (part === 'A_log') types[layer] = 'mamba';
    else if (part === 'q_proj') types[layer] = 'attention';
    else if (part === 'up_proj') types[layer] = 'mlp';
    else if (part === 'gate') types[layer] = 'moe';
  }
  const missing = Array.from<string | undefined>(types).indexOf(undefined);
  if (types.length === 0 || missing >= 0) {
    throw new HybraError(
      'E_FORMAT',
      `megatron checkpoint: layer ${Math.max(missing, 0)} of ${types.length} has no tensors. Expected all layers in one file: checkpoints of pipeline parallelism are not supported.`,
      { layer: Math.max(missing, 0) },
    );
  }
  return types;
}

function refuse(isSo: boolean, got: string, expected: string): void {
  if (!isSo) return;
  throw new HybraError(
    'E_CONFIG',
    `megatron checkpoint: the model has ${got}. Expected ${expected}: transformers has no layout for it.`,
    { got },
  );
}
