import type { HybridConfig, LayerConfig } from './hybrid-config.js';
import { attentionSpecs } from './layer-specs/attention-specs.js';
import { mambaSpecs } from './layer-specs/mamba-specs.js';
import { mamba2Specs } from './layer-specs/mamba2-specs.js';
import { mlpSpecs } from './layer-specs/mlp-specs.js';
import { constant, matrix, type PartSpec, type Sizes, vector } from './layer-specs/part-spec.js';
import type { ParameterSpec } from './parameter-spec.js';

/** Every parameter of a model, in the order of the forward pass: what is loaded, counted and drawn. */
export function parameterSpecs(config: HybridConfig): ParameterSpec[] {
  const sizes: Sizes = { hiddenSize: config.hiddenSize, layers: config.layers.length };
  const table = [config.vocabularySize, config.hiddenSize] as const;
  return [
    ...named('embedding', -1, [matrix('weight', table)]),
    ...config.layers.flatMap((layer, index) => [
      ...named(`layers.${index}.norm`, index, normSpecs(config)),
      ...named(`layers.${index}.mixer`, index, layerSpecs(layer, sizes)),
    ]),
    ...named('finalNorm', -1, normSpecs(config)),
    ...(config.isTied ? [] : named('head', -1, [matrix('weight', table)])),
  ];
}

/** Number of parameters, the tied head counted once. */
export function parameterCount(config: HybridConfig): number {
  let count = 0;
  for (const { shape } of parameterSpecs(config)) count += shape.reduce((size, extent) => size * extent, 1);
  return count;
}

function layerSpecs(layer: LayerConfig, sizes: Sizes): PartSpec[] {
  switch (layer.kind) {
    case 'mamba':
      return mambaSpecs(layer, sizes);
    case 'mamba2':
      return mamba2Specs(layer, sizes);
    case 'attention':
      return attentionSpecs(layer, sizes);
    case 'mlp':
      return mlpSpecs(layer, sizes);
  }
}

function normSpecs({ norm, hiddenSize }: HybridConfig): PartSpec[] {
  if (norm.kind === 'rms') return [vector('weight', hiddenSize, constant(1))];
  const weight = norm.isCentred
    ? ({ ...vector('centredWeight', hiddenSize, constant(0)), fold: 'addOne' } as const)
    : vector('weight', hiddenSize, constant(1));
  return [weight, vector('bias', hiddenSize, constant(0))];
}

function named(prefix: string, layer: number, parts: readonly PartSpec[]): ParameterSpec[] {
  return parts.map((part) => ({ ...part, name: `${prefix}.${part.name}`, layer }));
}
