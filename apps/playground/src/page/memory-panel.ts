import type { ModelFacts } from '../engine/protocol.js';
import type { BranchView } from './branch-view.js';
import { element } from './element.js';
import { createFiguresView } from './figures-view.js';
import { createGrowthChart } from './growth-chart.js';
import { createLayerStrip } from './layer-strip.js';
import { tokenAxis } from './token-axis.js';

/** What the model remembers, while it writes. */
export interface MemoryPanel {
  readonly root: HTMLElement;
  /** @param marked a token that is marked in all pictures */
  show(branch: BranchView, marked?: number): void;
}

/** Figures, the growth of the state, and a strip for each layer that remembers. */
export function createMemoryPanel(facts: ModelFacts): MemoryPanel {
  const figures = createFiguresView();
  const growth = createGrowthChart();
  const strips = facts.layers.flatMap((layer, index) =>
    layer.constantBytes + layer.bytesPerToken > 0 ? [createLayerStrip(layer, index)] : [],
  );
  const stack = element('div', { class: 'layers' }, ...strips.map(({ root }) => root));
  const root = element(
    'section',
    { class: 'memory', 'aria-labelledby': 'memory-title' },
    element('h2', { id: 'memory-title' }, 'What it remembers'),
    figures.root,
    growth.root,
    element('h3', {}, 'State by layer'),
    element(
      'p',
      { class: 'hint' },
      'Recurrent layers: one row per head, stronger colour for a larger norm of its state (by the root). Attention: the tokens in its cache.',
    ),
    stack,
  );
  let latest: BranchView | undefined;
  let marked: number | undefined;
  const render = (): void => {
    if (!latest) return;
    const position = latest.tokens.length;
    const axis = tokenAxis(position);
    figures.show(facts, latest.figures, position);
    growth.show(facts, position, axis);
    for (const strip of strips) strip.show(latest.looks, position, axis);
    stack.classList.toggle('marked', marked !== undefined);
    if (marked !== undefined) stack.style.setProperty('--mark', String(axis.at(marked)));
  };
  // The pictures take their colour from the theme when they are drawn.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', render);
  return {
    root,
    show(branch, at) {
      latest = branch;
      marked = at;
      render();
    },
  };
}
