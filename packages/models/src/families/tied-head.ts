import type { HybridConfig } from '../config/hybrid-config.js';

/** The head of a tied model, if the file holds a copy: the embedding is used, whatever it says. */
export function tiedHead(config: HybridConfig): RegExp[] {
  return config.isTied ? [/^lm_head\.weight$/] : [];
}
