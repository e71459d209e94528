import type { PartRow } from './gguf-layout.js';
import { column, expertHalf, groups, type PartForm, pairs, same, wholeHeadPairs } from './part-form.js';

/** Mamba. */
export const mambaRows: readonly PartRow[] = [
  ['inProjection.weight', 'ssm_in.weight'],
  ['convolution.weight', 'ssm_conv1d.weight'],
  ['convolution.bias', 'ssm_conv1d.bias'],
  ['parameterProjection.weight', 'ssm_x.weight'],
  ['timeStepNorm.weight', 'ssm_dt_norm.weight'],
  ['inputNorm.weight', 'ssm_b_norm.weight'],
  ['outputNorm.weight', 'ssm_c_norm.weight'],
  ['timeStepProjection.weight', 'ssm_dt.weight'],
  ['timeStepProjection.bias', 'ssm_dt.bias'],
  ['logDecay', 'ssm_a'],
  ['skip', 'ssm_d'],
  ['outProjection.weight', 'ssm_out.weight'],
];

/** Mamba-2. */
export const mamba2Rows: readonly PartRow[] = [
  ['inProjection.weight', 'ssm_in.weight'],
  ['convolution.weight', 'ssm_conv1d.weight'],
  ['convolution.bias', 'ssm_conv1d.bias'],
  ['timeStepBias', 'ssm_dt.bias'],
  ['logDecay', 'ssm_a', column],
  ['skip', 'ssm_d', column],
  ['norm.weight', 'ssm_norm.weight', groups],
  ['outProjection.weight', 'ssm_out.weight'],
];

/** Attention whose rotation is that of halves, or that has none. */
export const attentionRows = attention(same);

/** Attention that is rotated in pairs of neighbours. */
export const pairedAttentionRows = attention(pairs);

/** Attention of which whole heads lie in pairs of neighbours, however much of them is rotated. */
export const wholeHeadAttentionRows = attention(wholeHeadPairs);

/** An MLP, gated or not. */
export const mlpRows: readonly PartRow[] = [
  ...projection('gate', 'ffn_gate'),
  ...projection('up', 'ffn_up'),
  ...projection('down', 'ffn_down'),
];

/** Experts, each matrix of all of them one tensor, and the MLP beside them. */
export const expertsRows: readonly PartRow[] = [
  ['router.weight', 'ffn_gate_inp.weight'],
  ['router.correction', 'exp_probs_b.bias'],
  ['latentIn.weight', 'ffn_latent_down.weight'],
  ['experts.gate', 'ffn_gate_exps.weight'],
  ['experts.gate', 'ffn_gate_up_exps.weight', expertHalf(0)],
  ['experts.up', 'ffn_up_exps.weight'],
  ['experts.up', 'ffn_gate_up_exps.weight', expertHalf(1)],
  ['experts.down', 'ffn_down_exps.weight'],
  ['latentOut.weight', 'ffn_latent_up.weight'],
  ['shared.gate.weight', 'ffn_gate_shexp.weight'],
  ['shared.up.weight', 'ffn_up_shexp.weight'],
  ['shared.down.weight', 'ffn_down_shexp.weight'],
  ['sharedGate.weight', 'ffn_gate_inp_shexp.weight'],
];

function attention(rotated: PartForm): readonly PartRow[] {
  return [
    ...projection('query', 'attn_q', rotated),
    ...projection('key', 'attn_k', rotated),
    ...projection('value', 'attn_v'),
    ...projection('output', 'attn_output'),
    ['queryNorm.weight', 'attn_q_norm.weight'],
    ['keyNorm.weight', 'attn_k_norm.weight'],
  ];
}

function projection(part: string, tensor: string, form: PartForm = same): readonly PartRow[] {
  return ['weight', 'bias'].map((ending) => [`${part}.${ending}`, `${tensor}.${ending}`, form] as const);
}
