import type { TrainStep } from '../engine/protocol.js';
import { element, svgElement } from './element.js';

const height = 168;
const bottom = 24;
const top = 14;
const left = 30;
const right = 44;

/** The loss of a training, step by step, and the share of right answers where there are any. */
export interface LossChart {
  readonly root: HTMLElement;
  /** @param total steps that the training takes in all */
  show(steps: readonly TrainStep[], total: number): void;
}

/**
 * Makes the chart, drawn at the width it has on the page.
 * @param unit what a loss is of, such as `byte`
 */
export function createLossChart(unit: string): LossChart {
  const svg = svgElement('svg', { class: 'growth', role: 'img', height });
  const caption = element('figcaption', {});
  const root = element('figure', { class: 'growth-figure loss' }, svg, caption);
  let latest: Parameters<LossChart['show']> | undefined;
  const redraw = (): void => {
    if (latest && root.clientWidth > 0) draw(svg, root.clientWidth, ...latest);
  };
  new ResizeObserver(redraw).observe(root);
  return {
    root,
    show(steps, total) {
      latest = [steps, total];
      const last = steps.at(-1);
      caption.textContent = last
        ? `Step ${last.step} of ${total}: ${last.loss.toFixed(3)} nats per ${unit}, from ${steps[0]!.loss.toFixed(3)} at the first; ${Math.round(last.tokensPerSecond)} tokens a second.${examined(steps)}`
        : 'Compiling the training step.';
      svg.setAttribute('aria-label', `Loss. ${caption.textContent}`);
      redraw();
    },
  };
}

/** How many answers were right when it was last looked at. */
function examined(steps: readonly TrainStep[]): string {
  const last = steps.findLast(({ accuracy }) => accuracy !== undefined);
  return last
    ? ` After step ${last.step}, ${Math.round(100 * last.accuracy!)}\u00a0% of the numbers are right, of names it never saw.`
    : '';
}

function draw(svg: SVGSVGElement, width: number, steps: readonly TrainStep[], total: number): void {
  const most = Math.ceil(steps.reduce((highest, { loss }) => Math.max(highest, loss), 1));
  const answers = steps.filter(({ accuracy }) => accuracy !== undefined);
  const end = width - (answers.length > 0 ? right : 4);
  const x = (step: number): number => left + ((step - 1) / Math.max(1, total - 1)) * (end - left);
  const y = (loss: number): number => height - bottom - (loss / most) * (height - bottom - top);
  const text = (at: readonly [number, number], words: string, anchor: string) =>
    svgElement('text', { x: at[0], y: at[1], 'text-anchor': anchor }, words);
  /** On a scale of its own, at the right. */
  const accuracyMarks = (examinations: readonly TrainStep[]): SVGElement[] => [
    text([width - 4, y(most) + 4], '100 %', 'end'),
    text([width - 4, y(0) + 4], '0 %', 'end'),
    svgElement('text', { class: 'accent', x: left, y: y(most) - 5 }, 'loss'),
    text([end - 6, y(most) - 5], 'right answers', 'end'),
    svgElement('polyline', {
      class: 'constant',
      fill: 'none',
      points: examinations.map(({ step, accuracy }) => `${x(step)},${y(most * accuracy!)}`).join(' '),
    }),
    ...examinations.map(({ step, accuracy }) =>
      svgElement('circle', { class: 'answers', cx: x(step), cy: y(most * accuracy!), r: 2.5 }),
    ),
  ];
  svg.setAttribute('width', String(width));
  svg.setAttribute('viewBox', `0 0 ${width} ${height}`);
  svg.replaceChildren(
    svgElement('line', { class: 'axis', x1: left, x2: end, y1: y(0), y2: y(0) }),
    svgElement('line', { class: 'axis', x1: left, x2: end, y1: y(most), y2: y(most) }),
    text([left - 6, y(0) + 4], '0', 'end'),
    text([left - 6, y(most) + 4], String(most), 'end'),
    text([left, height - 6], '1', 'start'),
    text([end, height - 6], `${total} steps`, 'end'),
    svgElement('polyline', {
      class: 'cache',
      fill: 'none',
      points: steps.map(({ step, loss }) => `${x(step)},${y(loss)}`).join(' '),
    }),
    ...(answers.length > 0 ? accuracyMarks(answers) : []),
  );
}
