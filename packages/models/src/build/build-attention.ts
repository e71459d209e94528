import { type AttentionParts, attentionLayer, type Layer, rmsNormLayer } from '@hybra/layers';
import { literal, type Tensor } from '@hybra/tensor';
import type { AttentionConfig } from '../config/layer-configs.js';
import { type LayerSource, projection } from './layer-source.js';

/** Builds attention. @param adapt changes its projections before they are used */
export function buildAttention(
  config: AttentionConfig,
  source: LayerSource,
  adapt: (parts: AttentionParts) => AttentionParts = (parts) => parts,
): Layer {
  const { parameters } = source;
  const { bias, convolution, headNorms, outputBias = bias } = config;
  const norm = (name: string) => rmsNormLayer(parameters(`${name}.weight`), headNorms!);
  const parts: AttentionParts = {
    query: projection(parameters, 'query', bias),
    key: projection(parameters, 'key', bias),
    value: projection(parameters, 'value', bias),
    output: projection(parameters, 'output', outputBias),
    ...(config.hasGate && { gate: projection(parameters, 'gate', bias) }),
    ...(headNorms && { headNorms: { query: norm('queryNorm'), key: norm('keyNorm') } }),
    ...(convolution && { convolution: convolutionOf(parameters, convolution.bias) }),
  };
  const { rope, window, scale, heads, keyValueHeads, headSize } = config;
  const options = { rope, window, scale, heads, keyValueHeads, headSize };
  return attentionLayer(adapt(parts), { ...options, cacheDtype: source.stateDtype });
}

function convolutionOf(
  parameters: (name: string) => Tensor,
  hasBias: boolean,
): { readonly weight: Tensor; readonly bias: Tensor } {
  const weight = parameters('convolution.weight');
  const [channels] = weight.shape as [number];
  const bias = hasBias
    ? parameters('convolution.bias')
    : literal(new Float32Array(channels), [channels], 'f32');
  return { weight, bias };
}
