import type { LayerFacts, Look } from '../engine/protocol.js';
import { element } from './element.js';
import { formatBytes, layerName } from './format.js';
import type { TokenAxis } from './token-axis.js';

/** One layer's memory over time. */
export interface LayerStrip {
  readonly root: HTMLElement;
  show(looks: readonly Look[], position: number, axis: TokenAxis): void;
}

/**
 * A recurrent layer as a picture: a row per head, a column per look, darker where the head's state has a larger
 * norm relative to the largest of the layer. An attention layer as a bar: the tokens its cache holds.
 */
export function createLayerStrip(facts: LayerFacts, layer: number): LayerStrip {
  const value = element('span', { class: 'layer-value' });
  const isCache = facts.bytesPerToken > 0 && facts.constantBytes === 0;
  const canvas = element('canvas', { class: isCache ? 'layer-picture cache' : 'layer-picture', role: 'img' });
  const root = element(
    'div',
    { class: 'layer' },
    element('span', { class: 'layer-name' }, layerName(facts.kind), element('small', {}, ` layer ${layer}`)),
    element('span', { class: 'layer-track' }, canvas),
    value,
  );
  const name = `Layer ${layer}, ${layerName(facts.kind)}`;
  return {
    root,
    show(looks, position, axis) {
      const columns = looks.flatMap(({ position: from, norms }, at) => {
        const heads = norms[layer];
        return heads ? [{ from, to: looks[at + 1]?.position ?? from + 1, heads }] : [];
      });
      const latest = columns.at(-1);
      if (latest) {
        const norm = Math.hypot(...latest.heads);
        value.textContent = `‖h‖ ${norm.toPrecision(3)}`;
        canvas.setAttribute(
          'aria-label',
          `${name}: norm of the state ${norm.toPrecision(3)} after ${latest.from} tokens, ${latest.heads.length} rows.`,
        );
      } else if (facts.bytesPerToken > 0) {
        const bytes = formatBytes(facts.bytesPerToken * position);
        value.textContent = bytes;
        canvas.setAttribute('aria-label', `${name}: the cache holds ${position} tokens, ${bytes}.`);
      }
      const cached = { from: 0, to: position, heads: [facts.bytesPerToken] };
      draw(canvas, axis, latest ? columns : [cached]);
    },
  };
}

interface Column {
  readonly from: number;
  readonly to: number;
  readonly heads: readonly number[];
}

/** A pixel of the canvas is a token wide and a head high; the page scales it. */
function draw(canvas: HTMLCanvasElement, axis: TokenAxis, columns: readonly Column[]): void {
  const rows = columns.reduce((most, { heads }) => Math.max(most, heads.length), 1);
  canvas.width = axis.end;
  canvas.height = rows;
  // In the page's own memory: a few hundred pixels gain nothing from the GPU, and would vanish with it.
  const context = canvas.getContext('2d', { willReadFrequently: true })!;
  context.fillStyle = getComputedStyle(canvas).color;
  const largest = columns.reduce((most, { heads }) => Math.max(most, ...heads), 0);
  for (const { from, to, heads } of columns) {
    for (const [row, norm] of heads.entries()) {
      // The root, so that heads with a small state are seen beside one with a large one.
      context.globalAlpha = largest > 0 ? Math.sqrt(norm / largest) : 0;
      context.fillRect(from, row, to - from, 1);
    }
  }
}
