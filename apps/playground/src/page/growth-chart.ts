import type { ModelFacts } from '../engine/protocol.js';
import { element, svgElement } from './element.js';
import { formatBytes } from './format.js';
import type { TokenAxis } from './token-axis.js';

const height = 168;
const margin = { left: 4, right: 4, top: 18, bottom: 24 };

/** The size of the state over the tokens: the constant part against the cache that grows. */
export interface GrowthChart {
  readonly root: HTMLElement;
  /** @param position tokens so far, where the growing line ends */
  show(facts: ModelFacts, position: number, axis: TokenAxis): void;
}

/** Makes the chart, drawn at the width it has on the page. */
export function createGrowthChart(): GrowthChart {
  const svg = svgElement('svg', { class: 'growth', role: 'img', height });
  const caption = element('figcaption', {});
  const root = element('figure', { class: 'growth-figure' }, svg, caption);
  let latest: Parameters<GrowthChart['show']> | undefined;
  const redraw = (): void => {
    if (latest && root.clientWidth > 0) draw(svg, root.clientWidth, ...latest);
  };
  new ResizeObserver(redraw).observe(root);
  return {
    root,
    show(facts, position, axis) {
      latest = [facts, position, axis];
      caption.textContent = sentence(facts, position);
      svg.setAttribute('aria-label', caption.textContent);
      redraw();
    },
  };
}

function sizes({ layers }: ModelFacts): { readonly constant: number; readonly perToken: number } {
  return {
    constant: layers.reduce((sum, { constantBytes }) => sum + constantBytes, 0),
    perToken: layers.reduce((sum, { bytesPerToken }) => sum + bytesPerToken, 0),
  };
}

function sentence(facts: ModelFacts, position: number): string {
  const { constant, perToken } = sizes(facts);
  const cache = `a cache of ${formatBytes(perToken * position)} that grows by ${formatBytes(perToken)} a token`;
  if (perToken === 0)
    return `The whole memory of this model is ${formatBytes(constant)}, however long the text.`;
  if (constant === 0) return `After ${position} tokens: ${cache}. Nothing in this model is of constant size.`;
  const passes = Math.ceil(constant / perToken).toLocaleString('en');
  return `After ${position} tokens: a recurrent state of ${formatBytes(constant)}, as from the first token, and ${cache}. It would be the larger of the two from token ${passes} on.`;
}

function draw(svg: SVGSVGElement, width: number, facts: ModelFacts, position: number, axis: TokenAxis): void {
  const { constant, perToken } = sizes(facts);
  const most = Math.max(1, constant, perToken * axis.end) * 1.1;
  const x = (tokens: number): number => margin.left + axis.at(tokens) * (width - margin.left - margin.right);
  const y = (bytes: number): number =>
    height - margin.bottom - (bytes / most) * (height - margin.top - margin.bottom);
  const text = (className: string, at: readonly [number, number], words: string, anchor = 'start') =>
    svgElement('text', { class: className, x: at[0], y: at[1], 'text-anchor': anchor }, words);
  const line = (className: string, from: readonly [number, number], to: readonly [number, number]) =>
    svgElement('line', { class: className, x1: from[0], y1: from[1], x2: to[0], y2: to[1] });
  const base = y(0);
  const marks: SVGElement[] = [line('axis', [x(0), base], [x(axis.end), base])];
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const anchor = share === 0 ? 'start' : share === 1 ? 'end' : 'middle';
    const tokens = axis.end * share;
    marks.push(
      text('tick', [x(tokens), base + 16], share === 1 ? `${tokens} tokens` : String(tokens), anchor),
    );
  }
  if (constant > 0) {
    marks.push(
      line('constant', [x(0), y(constant)], [x(position), y(constant)]),
      line('constant expected', [x(position), y(constant)], [x(axis.end), y(constant)]),
      text('label', [x(0), y(constant) - 6], `recurrent state, ${formatBytes(constant)}`),
    );
  }
  if (perToken > 0) {
    const end = y(perToken * position);
    marks.push(
      line('cache expected', [x(position), end], [x(axis.end), y(perToken * axis.end)]),
      line('cache', [x(0), base], [x(position), end]),
      svgElement('circle', { class: 'cache-end', cx: x(position), cy: end, r: 3.5 }),
      text('label accent', [x(axis.end), y(perToken * axis.end) - 8], 'attention cache', 'end'),
    );
  }
  svg.setAttribute('width', String(width));
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.replaceChildren(...marks);
}
