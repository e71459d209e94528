import type { Figures, ModelFacts } from '../engine/protocol.js';
import { element } from './element.js';
import { formatBytes, formatRate } from './format.js';

/** Speed and memory in five numbers. */
export interface FiguresView {
  readonly root: HTMLElement;
  /** @param position tokens in the state */
  show(facts: ModelFacts, figures: Figures | undefined, position: number): void;
}

/** Makes the list of figures, empty at first. */
export function createFiguresView(): FiguresView {
  const root = element('dl', { class: 'figures' });
  const pair = (term: string, value: string): HTMLElement =>
    element('div', {}, element('dt', {}, term), element('dd', {}, value));
  return {
    root,
    show({ layers }, figures, position) {
      const constant = layers.reduce((sum, { constantBytes }) => sum + constantBytes, 0);
      const growing = position * layers.reduce((sum, { bytesPerToken }) => sum + bytesPerToken, 0);
      root.replaceChildren(
        pair('Prompt', figures ? formatRate(figures.prefillTokens, figures.prefillSeconds) : '–'),
        pair('Writing', figures ? formatRate(figures.decodeTokens, figures.decodeSeconds) : '–'),
        pair('Memory', figures ? formatBytes(figures.memoryBytes) : '–'),
        pair('State', formatBytes(constant + growing)),
        pair('Tokens', String(position)),
      );
    },
  };
}
