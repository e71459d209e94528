import type { AttentionConfig } from '../layer-configs.js';
import {
  constant,
  kaiming,
  normWeight,
  type PartSpec,
  projection,
  residual,
  type Sizes,
  vector,
} from './part-spec.js';

/** Parameters of an attention layer. @param inputSize width that it reads, if not the model's */
export function attentionSpecs(
  layer: AttentionConfig,
  sizes: Sizes,
  inputSize = sizes.hiddenSize,
): PartSpec[] {
  const { bias, convolution, headNorms, outputBias = bias } = layer;
  const queries = layer.heads * layer.headSize;
  const keys = layer.keyValueHeads * layer.headSize;
  const channels = queries + 2 * keys;
  return [
    ...projection('query', [queries, inputSize], { bias }),
    ...projection('key', [keys, inputSize], { bias }),
    ...projection('value', [keys, inputSize], { bias }),
    ...(layer.hasGate ? projection('gate', [queries, inputSize], { bias }) : []),
    ...(headNorms
      ? ['queryNorm', 'keyNorm'].map((name) => normWeight(name, layer.headSize, headNorms.isCentred))
      : []),
    ...(convolution
      ? [vector('convolution.weight', [channels, convolution.kernelSize], kaiming(convolution.kernelSize))]
      : []),
    ...(convolution?.bias ? [vector('convolution.bias', channels, constant(0))] : []),
    ...projection('output', [sizes.hiddenSize, queries], { bias: outputBias, initial: residual(sizes) }),
  ];
}
