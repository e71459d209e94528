import type { LayerConfig } from '../layer-configs.js';
import { attentionSpecs } from './attention-specs.js';
import { convolutionSpecs } from './convolution-specs.js';
import { deltaNetSpecs } from './delta-net-specs.js';
import { expertsSpecs } from './experts-specs.js';
import { mambaSpecs } from './mamba-specs.js';
import { mamba2Specs } from './mamba2-specs.js';
import { mlpSpecs } from './mlp-specs.js';
import { led, type PartSpec, type Sizes } from './part-spec.js';
import { recurrentSpecs } from './recurrent-specs.js';
import { sharedSpecs } from './shared-specs.js';

/**
 * Parameters of one layer, names relative to its `mixer`.
 * @param owner of a shared block: the mixer that the block is stored with, unless it is this one
 */
export function layerSpecs(layer: LayerConfig, sizes: Sizes, owner: string | undefined): PartSpec[] {
  switch (layer.kind) {
    case 'mamba':
      return mambaSpecs(layer, sizes);
    case 'mamba2':
      return mamba2Specs(layer, sizes);
    case 'attention':
      return attentionSpecs(layer, sizes);
    case 'mlp':
      return mlpSpecs(layer, sizes);
    case 'experts':
      return expertsSpecs(layer, sizes);
    case 'convolution':
      return convolutionSpecs(layer, sizes);
    case 'recurrent':
      return recurrentSpecs(layer, sizes);
    case 'deltaNet':
      return deltaNetSpecs(layer, sizes);
    case 'parallel':
      return layer.branches.flatMap((branch) =>
        led(branch.layer.kind, layerSpecs(branch.layer, sizes, undefined)),
      );
    case 'shared':
      return sharedSpecs(layer, sizes, owner);
  }
}
