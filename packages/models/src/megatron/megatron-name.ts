import type { LayerConfig } from '../config/layer-configs.js';

/** The kinds of layers that hybrids of Megatron-LM have. */
export type MegatronKind = Extract<LayerConfig['kind'], 'mamba2' | 'attention' | 'mlp' | 'experts'>;

const whole: Readonly<Record<string, string>> = {
  'backbone.embeddings.weight': 'embedding.word_embeddings.weight',
  'backbone.norm_f.weight': 'decoder.final_norm.weight',
  'lm_head.weight': 'output_layer.weight',
};

/** The norm before a layer: fused into its first projection, except before experts. */
const norms: Readonly<Record<MegatronKind, string>> = {
  mamba2: 'mixer.in_proj.layer_norm_weight',
  attention: 'self_attention.linear_qkv.layer_norm_weight',
  mlp: 'mlp.linear_fc1.layer_norm_weight',
  experts: 'pre_mlp_layernorm.weight',
};

/** Modules of Megatron's layers that hold those of transformers. */
const modules: Readonly<Record<Exclude<MegatronKind, 'mamba2'>, Readonly<Record<string, string>>>> = {
  attention: {
    q_proj: 'self_attention.linear_qkv',
    k_proj: 'self_attention.linear_qkv',
    v_proj: 'self_attention.linear_qkv',
    o_proj: 'self_attention.linear_proj',
  },
  mlp: { up_proj: 'mlp.linear_fc1', down_proj: 'mlp.linear_fc2' },
  experts: {
    gate: 'mlp.router',
    'shared_experts.up_proj': 'mlp.shared_experts.linear_fc1',
    'shared_experts.down_proj': 'mlp.shared_experts.linear_fc2',
    fc1_latent_proj: 'mlp.fc1_latent_proj',
    fc2_latent_proj: 'mlp.fc2_latent_proj',
  },
};

/**
 * The tensor of Megatron-LM that holds one of transformers' nemotron_h: the way back of `mergedTensors`.
 * @param kinds of the layers
 * @returns `undefined` for a name that it has no place for
 */
export function megatronName(name: string, kinds: readonly MegatronKind[]): string | undefined {
  if (Object.hasOwn(whole, name)) return whole[name];
  const match = /^backbone\.layers\.(\d+)\.(norm\.weight$|mixer\.)(.*)$/.exec(name);
  const kind = kinds[Number(match?.[1])];
  if (!match || kind === undefined) return undefined;
  const part = match[2] === 'mixer.' ? mixerPart(match[3]!, kind) : norms[kind];
  return part && `decoder.layers.${match[1]}.${part}`;
}

function mixerPart(part: string, kind: MegatronKind): string | undefined {
  if (kind === 'mamba2') return `mixer.${part}`;
  if (part === 'gate.e_score_correction_bias') return 'mlp.router.expert_bias';
  const expert = /^experts\.(\d+)\.(up|down)_proj\.weight$/.exec(part);
  if (expert) {
    return `mlp.experts.local_experts.${expert[1]}.linear_fc${expert[2] === 'up' ? 1 : 2}.weight`;
  }
  const [, module, ending] = /^(.+)\.(weight|bias)$/.exec(part) ?? [];
  const own = modules[kind];
  return module !== undefined && Object.hasOwn(own, module) ? `${own[module]}.${ending}` : undefined;
}
