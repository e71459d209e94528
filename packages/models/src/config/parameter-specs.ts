import type { HybridConfig } from './hybrid-config.js';
import type { LayerConfig } from './layer-configs.js';
import { layerSpecs } from './layer-specs/layer-specs.js';
import { constant, matrix, normWeight, type PartSpec, type Sizes, vector } from './layer-specs/part-spec.js';
import type { ParameterSpec } from './parameter-spec.js';

/** Every parameter of a model, in the order of the forward pass: what is loaded, counted and drawn. */
export function parameterSpecs(config: HybridConfig): ParameterSpec[] {
  const sizes: Sizes = { hiddenSize: config.hiddenSize, layers: config.layers.length };
  const table = [config.vocabularySize, config.hiddenSize] as const;
  return [
    ...named('embedding', -1, [matrix('weight', table)]),
    ...config.layers.flatMap((layer, index) => [
      ...named(`layers.${index}.norm`, index, normSpecs(config)),
      ...named(`layers.${index}.mixer`, index, layerSpecs(layer, sizes, ownerOf(config.layers, index))),
    ]),
    ...named('finalNorm', -1, normSpecs(config)),
    ...(config.isTied ? [] : named('head', -1, [matrix('weight', table)])),
  ];
}

/** Number of parameters, the tied head and shared blocks counted once. */
export function parameterCount(config: HybridConfig): number {
  let count = 0;
  for (const { shape, sharedWith } of parameterSpecs(config)) {
    if (sharedWith === undefined) count += shape.reduce((size, extent) => size * extent, 1);
  }
  return count;
}

/** The first layer with the same shared block, if that is an earlier one. */
function ownerOf(layers: readonly LayerConfig[], index: number): string | undefined {
  const layer = layers[index]!;
  if (layer.kind !== 'shared' || layer.hasOwnCopy) return undefined;
  const first = layers.findIndex((other) => other.kind === 'shared' && other.block === layer.block);
  return first < index ? `layers.${first}.mixer` : undefined;
}

function normSpecs({ norm, hiddenSize }: HybridConfig): PartSpec[] {
  const weight = normWeight('', hiddenSize, norm.isCentred ?? false);
  const named = { ...weight, name: weight.name.slice(1) };
  return norm.kind === 'rms' ? [named] : [named, vector('bias', hiddenSize, constant(0))];
}

function named(prefix: string, layer: number, parts: readonly PartSpec[]): ParameterSpec[] {
  return parts.map((part) => ({ ...part, name: `${prefix}.${part.name}`, layer }));
}
