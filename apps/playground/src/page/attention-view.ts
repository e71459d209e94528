import type { Inside, InsideAttention, ModelFacts, Token } from '../engine/protocol.js';
import { shadesOf, strongest, weightRoots } from './attention-weights.js';
import { element } from './element.js';
import { layerName, visibleText } from './format.js';

/** Where attention looks. */
export interface AttentionView {
  readonly root: HTMLElement;
  /** @param at the token that is read, from 0 */
  show(inside: Inside, tokens: readonly Token[], at: number): void;
}

/** The map as it was drawn last. */
interface Drawn {
  readonly inside: Inside;
  readonly choice: string;
  readonly roots: Float32Array;
  readonly shades: Float32Array;
}

/**
 * The map of an attention layer, a row per token and a column per token it can look at; and the text itself, each
 * token as strong as the one that is read looks at it.
 * @param onChoose a token was clicked, from 0
 */
export function createAttentionView({ layers }: ModelFacts, onChoose: (at: number) => void): AttentionView {
  let latest: Parameters<AttentionView['show']> | undefined;
  let drawn: Drawn | undefined;
  const redraw = (): void => latest && show(...latest);
  const layerSelect = element('select', { id: 'attention-layer', onchange: redraw });
  const headSelect = element('select', { id: 'attention-head', onchange: redraw });
  const canvas = element('canvas', {
    class: 'attention-map',
    role: 'img',
    onclick: ({ offsetY }: MouseEvent) => {
      if (latest)
        onChoose(
          Math.min(latest[0].count - 1, Math.floor((offsetY / canvas.clientHeight) * latest[0].count)),
        );
    },
  });
  const frame = element('div', { class: 'attention-frame' }, canvas);
  const sentence = element('output', { class: 'attention-sentence' });
  const text = element('p', {
    class: 'attention-text',
    'aria-hidden': true,
    onclick: ({ target }: MouseEvent) => {
      const index = [...text.children].indexOf(target as Element);
      if (index >= 0) onChoose(index);
    },
  });
  const root = element(
    'section',
    { class: 'attention', 'aria-label': 'Where attention looks' },
    element('h3', {}, 'Where attention looks'),
    element(
      'p',
      { class: 'inside-selects' },
      element('span', { class: 'pair' }, element('label', { for: 'attention-layer' }, 'Layer'), layerSelect),
      element('span', { class: 'pair' }, element('label', { for: 'attention-head' }, 'Head'), headSelect),
    ),
    sentence,
    text,
    element(
      'figure',
      {},
      frame,
      element(
        'figcaption',
        {},
        'A row for each token, from the top: the tokens it looks at, from the left, relative to the one it looks at most.',
      ),
    ),
  );

  function show(inside: Inside, tokens: readonly Token[], at: number): void {
    latest = [inside, tokens, at];
    root.hidden = inside.attention.length === 0;
    if (root.hidden) return;
    const offered = inside.attention.map(({ layer }) => layer);
    offer(
      layerSelect,
      offered.map((layer) => [String(layer), `${layer} · ${layerName(layers[layer]!.kind)}`]),
    );
    const layer = inside.attention[Math.max(0, layerSelect.selectedIndex)]!;
    const numbers = Array.from({ length: layer.heads }, (_, head) => [String(head), String(head)] as const);
    offer(headSelect, [['all', 'all together'], ...numbers]);
    const { roots, shades } = drawnOf(inside, layer);
    const looks = strongest(roots, inside.count, { query: at, most: 3 });
    const name = (index: number): string => visibleText(tokens[index]?.text ?? '');
    const places = looks.map(({ key, weight }) => `‘${name(key)}’ ${Math.round(100 * weight)}\u00a0%`);
    const elsewhere = places.length > 0 ? places.join(', ') : 'tokens before those shown';
    sentence.replaceChildren(element('strong', {}, `‘${name(at)}’`), ` looks at ${elsewhere}`);
    canvas.setAttribute('aria-label', `Attention of ${inside.count} tokens. ${sentence.textContent}.`);
    frame.style.setProperty('--row', String(at / inside.count));
    frame.style.setProperty('--size', String(1 / inside.count));
    text.replaceChildren(
      ...tokens.map((token, index) => {
        const span = element('span', { class: classOf(index, at) }, token.text);
        if (index <= at) span.style.setProperty('--look', String(shades[at * inside.count + index]!));
        return span;
      }),
    );
  }

  /** Draws the map where it has changed. */
  function drawnOf(inside: Inside, layer: InsideAttention): Drawn {
    const choice = `${layer.layer} ${headSelect.value} ${getComputedStyle(canvas).color}`;
    if (drawn?.inside === inside && drawn.choice === choice) return drawn;
    const head = headSelect.value === 'all' ? undefined : Number(headSelect.value);
    const roots = weightRoots(layer, inside.count, head);
    const shades = shadesOf(roots, inside.count);
    drawn = { inside, choice, roots, shades };
    paint(canvas, shades, inside.count);
    return drawn;
  }

  return { root, show };
}

function classOf(index: number, at: number): string {
  if (index === at) return 'look reading';
  return index > at ? 'look after' : 'look';
}

/** Gives a select these options; what was chosen stays chosen if it is still there. */
function offer(
  select: HTMLSelectElement,
  options: readonly (readonly [value: string, label: string])[],
): void {
  const isSame =
    options.length === select.options.length &&
    options.every(([value], at) => select.options[at]!.value === value);
  if (isSame) return;
  const before = select.value;
  select.replaceChildren(...options.map(([value, label]) => element('option', { value }, label)));
  if (options.some(([value]) => value === before)) select.value = before;
}

/** A pixel for each pair, in the canvas's colour. */
function paint(canvas: HTMLCanvasElement, shades: Float32Array, count: number): void {
  const [red, green, blue] = getComputedStyle(canvas).color.match(/\d+/g)!.map(Number) as [
    number,
    number,
    number,
  ];
  canvas.width = count;
  canvas.height = count;
  const image = new ImageData(count, count);
  for (const [at, shade] of shades.entries()) {
    image.data.set([red, green, blue, Math.round(255 * shade)], 4 * at);
  }
  // In the page's own memory, which survives the GPU.
  canvas.getContext('2d', { willReadFrequently: true })!.putImageData(image, 0, 0);
}
