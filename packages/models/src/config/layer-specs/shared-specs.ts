import type { SharedConfig } from '../layer-configs.js';
import { attentionSpecs } from './attention-specs.js';
import { mamba2Specs } from './mamba2-specs.js';
import { mlpSpecs } from './mlp-specs.js';
import { constant, led, matrix, type PartSpec, type Sizes, vector } from './part-spec.js';

/**
 * Parameters of a layer with a shared block.
 * @param owner name of the layer that the block's parameters are stored with; absent if it is this one
 */
export function sharedSpecs(layer: SharedConfig, sizes: Sizes, owner: string | undefined): PartSpec[] {
  const { hiddenSize } = sizes;
  const block = [
    vector('attentionNorm.weight', 2 * hiddenSize, constant(1)),
    ...led('attention', attentionSpecs(layer.attention, sizes, 2 * hiddenSize)),
    vector('mlpNorm.weight', hiddenSize, constant(1)),
    ...led('mlp', mlpSpecs(layer.mlp, sizes)),
  ];
  return [
    ...block.map((part) => (owner === undefined ? part : { ...part, sharedWith: `${owner}.${part.name}` })),
    ...led('adapters', adapterSpecs(layer, hiddenSize)),
    matrix('projection.weight', [hiddenSize, hiddenSize]),
    ...led('mamba2', mamba2Specs(layer.mamba2, sizes)),
  ];
}

function adapterSpecs({ adapters, attention, mlp }: SharedConfig, hiddenSize: number): PartSpec[] {
  const specs: PartSpec[] = [];
  if (adapters.attention !== undefined) {
    const rank = adapters.attention;
    const rows = {
      query: attention.heads * attention.headSize,
      key: attention.keyValueHeads * attention.headSize,
      value: attention.keyValueHeads * attention.headSize,
    };
    for (const [name, outputs] of Object.entries(rows)) {
      specs.push(matrix(`${name}.down.weight`, [rank, 2 * hiddenSize]));
      specs.push(matrix(`${name}.up.weight`, [outputs, rank], constant(0)));
    }
  }
  // Gate and up share what leads down to the rank.
  specs.push(matrix('mlp.down.weight', [adapters.mlp, hiddenSize]));
  specs.push(matrix('gate.up.weight', [mlp.innerSize, adapters.mlp], constant(0)));
  specs.push(matrix('up.up.weight', [mlp.innerSize, adapters.mlp], constant(0)));
  return specs;
}
