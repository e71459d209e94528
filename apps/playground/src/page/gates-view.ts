import type { Inside, InsideRecurrent, ModelFacts } from '../engine/protocol.js';
import { element } from './element.js';
import { layerName } from './format.js';

type Measure = 'kept' | 'step' | 'gate';

interface Explanation {
  readonly label: string;
  readonly formula: string;
  readonly meaning: string;
}

const measures: Readonly<Record<Measure, Explanation>> = {
  kept: {
    label: 'Forgetting',
    formula: '1 − exp(dt · A)',
    meaning: 'Strong colour: the head lets go of what it held. Blank: it keeps everything.',
  },
  step: {
    label: 'Writing',
    formula: 'dt',
    meaning: 'Strong colour: the token is written firmly into the state of the head.',
  },
  gate: {
    label: 'Speaking',
    formula: 'SiLU(z)',
    meaning: 'What the output of the head is multiplied by. Reddish: below zero.',
  },
};

/** Gates of the recurrent layers over the tokens. */
export interface GatesView {
  readonly root: HTMLElement;
  /** @param at the token that is read, from 0 */
  show(inside: Inside, at: number): void;
}

/** One picture a layer: a row per head, a column per token. What is shown can be chosen. */
export function createGatesView({ layers }: ModelFacts): GatesView {
  let measure: Measure = 'kept';
  let latest: readonly [Inside, number] | undefined;
  const meaning = element('p', { class: 'hint' });
  const choices = element(
    'fieldset',
    { class: 'choices' },
    element('legend', { class: 'visually-hidden' }, 'What is shown of the recurrent layers'),
    ...Object.entries(measures).map(([name, { label }]) =>
      element(
        'label',
        {},
        element('input', {
          type: 'radio',
          name: 'gate-measure',
          checked: name === measure,
          onchange: () => {
            measure = name as Measure;
            if (latest) render(...latest);
          },
        }),
        element('span', {}, label),
      ),
    ),
  );
  const strips = element('div', { class: 'layers marked' });
  const root = element(
    'section',
    { 'aria-label': 'Gates of the recurrent layers' },
    choices,
    meaning,
    strips,
  );

  function render(inside: Inside, at: number): void {
    latest = [inside, at];
    root.hidden = inside.recurrent.length === 0;
    const { formula, meaning: words } = measures[measure];
    meaning.replaceChildren(element('code', {}, formula), ` ${words}`);
    strips.style.setProperty('--mark', String((at + 0.5) / inside.count));
    strips.replaceChildren(
      ...inside.recurrent.map((layer) => strip(layer, layerName(layers[layer.layer]!.kind), { inside, at })),
    );
  }

  /** A layer's picture, and in words what its heads did on average with the token that is read. */
  function strip(
    layer: InsideRecurrent,
    name: string,
    { inside, at }: { inside: Inside; at: number },
  ): HTMLElement {
    const stored = layer[measure];
    const values = measure === 'kept' ? stored!.map((kept) => 1 - kept) : stored;
    const canvas = element('canvas', { class: 'layer-picture', role: 'img' });
    const row = values?.subarray(at * layer.rows, (at + 1) * layer.rows);
    const mean = row && row.reduce((sum, value) => sum + value, 0) / row.length;
    const value =
      mean === undefined ? 'none' : measure === 'kept' ? `${(100 * mean).toFixed(1)} %` : mean.toPrecision(2);
    canvas.setAttribute(
      'aria-label',
      `Layer ${layer.layer}, ${name}: ${measures[measure].formula}, ${value} on average at the token that is read, ${layer.rows} rows.`,
    );
    const made = element(
      'div',
      { class: 'layer' },
      element('span', { class: 'layer-name' }, name, element('small', {}, ` layer ${layer.layer}`)),
      element('span', { class: 'layer-track' }, canvas),
      element('span', { class: 'layer-value' }, value),
    );
    if (values) requestAnimationFrame(() => draw(canvas, values, { rows: layer.rows, count: inside.count }));
    return made;
  }

  return { root, show: render };
}

/** A pixel is a token wide and a head high; the page scales it. */
function draw(
  canvas: HTMLCanvasElement,
  values: Float32Array,
  { rows, count }: { readonly rows: number; readonly count: number },
): void {
  canvas.width = count;
  canvas.height = rows;
  // In the page's own memory: a few hundred pixels gain nothing from the GPU, and would vanish with it.
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  const style = getComputedStyle(canvas);
  const [above, below] = [style.color, style.getPropertyValue('--danger')];
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (let token = 0; token < count; token++) {
    for (let row = 0; row < rows; row++) {
      const value = values[token * rows + row]!;
      context.fillStyle = value < 0 ? below : above;
      // The root, so that small values are seen beside large ones.
      context.globalAlpha = largest > 0 ? Math.sqrt(Math.abs(value) / largest) : 0;
      context.fillRect(token, row, 1, 1);
    }
  }
}
