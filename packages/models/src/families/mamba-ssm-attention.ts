import type { AttentionConfig, LayerConfig } from '../config/layer-configs.js';
import * as bounds from '../parse/bounds.js';
import type { ConfigReader } from '../parse/config-reader.js';
import { requireDivisor } from '../parse/require-divisor.js';

/** The attention that `attn_cfg` describes (mamba_ssm/modules/mha.py), perhaps with an MLP beside it. @throws E_CONFIG */
export function readSsmAttention(reader: ConfigReader, hiddenSize: number): LayerConfig {
  reader.ignore(['device', 'dtype', 'dropout']);
  reader.only('causal', [true], 'only causal attention is supported');
  reader.only('rotary_emb_interleaved', [false], 'only the rotation of halves is supported');
  const heads = reader.integer('num_heads', bounds.size);
  const keyValueHeads = reader.integer('num_heads_kv', bounds.size, heads);
  requireDivisor(reader, { key: 'num_heads_kv', value: keyValueHeads }, { key: 'num_heads', value: heads });
  const stated = reader.optionalInteger('head_dim', bounds.size);
  if (stated === undefined) {
    requireDivisor(reader, { key: 'num_heads', value: heads }, { key: 'd_model', value: hiddenSize });
  }
  const headSize = stated ?? hiddenSize / heads;
  const rotarySize = reader.integer('rotary_emb_dim', { low: 0, high: headSize }, 0);
  const theta = reader.number('rotary_emb_base', { low: 1, high: 1e12 }, 10_000);
  const kernelSize = reader.integer('d_conv', { low: 0, high: bounds.kernel.high }, 0);
  const scale = reader.isPresent('softmax_scale')
    ? reader.number('softmax_scale', bounds.multiplier)
    : undefined;
  reader.ignore(['softmax_scale']);
  const attention: AttentionConfig = {
    kind: 'attention',
    heads,
    keyValueHeads,
    headSize,
    bias: reader.boolean('qkv_proj_bias', true),
    outputBias: reader.boolean('out_proj_bias', true),
    ...(rotarySize > 0 && { rope: { rotarySize, theta, scaling: { kind: 'none' } } }),
    ...(kernelSize > 0 && { convolution: { kernelSize, bias: true } }),
    ...(scale !== undefined && { scale }),
  };
  const mlpSize =
    256 * Math.ceil(reader.integer('mlp_dim', { low: 0, high: bounds.largeSize.high }, 0) / 256);
  reader.finish();
  if (mlpSize === 0) return attention;
  if (attention.bias) {
    throw reader.error('mlp_dim together with qkv_proj_bias is not supported.', {
      keys: ['mlp_dim', 'qkv_proj_bias'],
    });
  }
  const mlp = { kind: 'mlp', innerSize: mlpSize / 2, activation: 'silu', gated: true, bias: false } as const;
  return { kind: 'parallel', branches: [{ layer: attention }, { layer: mlp }] };
}
