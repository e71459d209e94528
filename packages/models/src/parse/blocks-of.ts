import type { LayerConfig } from '../config/layer-configs.js';

/** The layers of blocks that are a mixer and an MLP each. */
export function blocksOf(
  count: number,
  block: (index: number) => readonly [mixer: LayerConfig, mlp: LayerConfig],
): LayerConfig[] {
  return Array.from({ length: count }, (_, index) => block(index)).flat();
}
