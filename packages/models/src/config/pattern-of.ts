import type { HybridConfig } from './hybrid-config.js';

const letters = { mamba: 'M', mamba2: 'M', attention: '*', mlp: '-' } as const;

/** A model's layers as letters: `M` Mamba of either kind, `*` attention, `-` MLP. */
export function patternOf(config: HybridConfig): string {
  return config.layers.map((layer) => letters[layer.kind]).join('');
}
