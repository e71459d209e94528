import type { HybridConfig } from './hybrid-config.js';
import type { LayerConfig } from './layer-configs.js';

const letters: Readonly<Record<LayerConfig['kind'], string>> = {
  mamba: 'M',
  mamba2: 'M',
  attention: '*',
  mlp: '-',
  experts: 'E',
  convolution: 'C',
  recurrent: 'R',
  deltaNet: 'D',
  parallel: 'P',
  shared: 'S',
};

/**
 * A model's layers as letters: `M` Mamba of either kind, `*` attention, `-` MLP, `E` experts, `C` short
 * convolution, `R` RG-LRU, `D` gated delta net, `P` layers in parallel, `S` Mamba with a shared block.
 */
export function patternOf(config: HybridConfig): string {
  return config.layers.map((layer) => letters[layer.kind]).join('');
}
