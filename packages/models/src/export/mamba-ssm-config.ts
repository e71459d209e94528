import { HybraError } from '@hybra/spec';
import type { HybridConfig } from '../config/hybrid-config.js';
import type { AttentionConfig, LayerConfig, Mamba2Config, MlpConfig } from '../config/layer-configs.js';
import { blocksOfConfig } from './blocks-of-config.js';

/**
 * The `config.json` of mamba_ssm for a model. What it cannot say is left out: the caller compares.
 * @throws E_CONFIG for layers that mamba_ssm does not have
 */
export function mambaSsmConfig(config: HybridConfig): Record<string, unknown> {
  const blocks = blocksOfConfig(config);
  const mixers = blocks?.mixers ?? config.layers;
  const isAttention = (layer: LayerConfig): boolean =>
    layer.kind === 'attention' ||
    (layer.kind === 'parallel' && layer.branches.some((branch) => branch.layer.kind === 'attention'));
  const places = mixers.flatMap((layer, index) => (isAttention(layer) ? [index] : []));
  const recurrent = mixers.find((layer) => !isAttention(layer));
  const attention = mixers.find(isAttention);
  return {
    d_model: config.hiddenSize,
    d_intermediate: blocks?.mlp?.innerSize ?? 0,
    n_layer: mixers.length,
    vocab_size: config.vocabularySize,
    ssm_cfg: recurrent ? ssmConfig(recurrent, config.hiddenSize) : {},
    attn_layer_idx: places,
    attn_cfg: attention ? attentionConfig(attention) : {},
    rms_norm: config.norm.kind === 'rms',
    residual_in_fp32: true,
    fused_add_norm: true,
    pad_vocab_size_multiple: [16, 8, 4, 2].find((multiple) => config.vocabularySize % multiple === 0) ?? 1,
    tie_embeddings: config.isTied,
  };
}

function ssmConfig(layer: LayerConfig, hiddenSize: number): Record<string, unknown> {
  if (layer.kind === 'mamba') {
    return {
      layer: 'Mamba1',
      d_state: layer.stateSize,
      d_conv: layer.kernelSize,
      expand: layer.innerSize / hiddenSize,
      dt_rank: layer.timeStepRank,
      bias: layer.projectionBias,
      conv_bias: layer.convolutionBias,
    };
  }
  if (layer.kind === 'mamba2') return mamba2Config(layer, hiddenSize);
  const [mlp, mamba2] = branchesOf(layer, 'mamba2');
  if (mamba2) return mamba2Config(mamba2 as Mamba2Config, hiddenSize, mlp);
  throw new HybraError('E_CONFIG', `convert: mamba_ssm has no layers of the kind ${layer.kind}.`, {
    kind: layer.kind,
  });
}

function mamba2Config(layer: Mamba2Config, hiddenSize: number, mlp?: MlpConfig): Record<string, unknown> {
  const channels = layer.heads * layer.headSize;
  const [low, high] = layer.timeStepLimit;
  return {
    layer: 'Mamba2',
    d_state: layer.stateSize,
    d_conv: layer.kernelSize,
    expand: (channels + (mlp?.innerSize ?? 0)) / hiddenSize,
    headdim: layer.headSize,
    ngroups: layer.groups,
    chunk_size: layer.chunkSize,
    bias: layer.projectionBias,
    conv_bias: layer.convolutionBias,
    rmsnorm: layer.gatedNorm === undefined,
    norm_before_gate: layer.normBeforeGate,
    ...(mlp && { d_ssm: channels }),
    ...(layer.skipPerChannel && { D_has_hdim: true }),
    ...((low > 0 || high < Number.POSITIVE_INFINITY) && { dt_limit: [low, high] }),
  };
}

function attentionConfig(layer: LayerConfig): Record<string, unknown> {
  const [mlp, beside] = branchesOf(layer, 'attention');
  const attention = (beside ?? layer) as AttentionConfig;
  const { rope, convolution } = attention;
  return {
    causal: true,
    num_heads: attention.heads,
    num_heads_kv: attention.keyValueHeads,
    head_dim: attention.headSize,
    d_conv: convolution?.kernelSize ?? 0,
    qkv_proj_bias: attention.bias,
    out_proj_bias: attention.outputBias ?? attention.bias,
    rotary_emb_dim: rope?.rotarySize ?? 0,
    ...(rope && { rotary_emb_base: rope.theta }),
    ...(attention.scale !== undefined && { softmax_scale: attention.scale }),
    ...(mlp && { mlp_dim: 2 * mlp.innerSize }),
  };
}

/** The MLP and the other layer of a pair side by side, if it is one. */
function branchesOf(layer: LayerConfig, kind: LayerConfig['kind']): [MlpConfig?, LayerConfig?] {
  if (layer.kind !== 'parallel') return [];
  const layers = layer.branches.map((branch) => branch.layer);
  const mlp = layers.find((own) => own.kind === 'mlp');
  const other = layers.find((own) => own.kind === kind);
  return mlp && other ? [mlp, other] : [];
}
