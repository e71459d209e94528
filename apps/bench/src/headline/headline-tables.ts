import { formatBytes } from '@hybra/tensor';
import { totalBytes } from './cell-bytes.js';
import { bestThroughput, secondsOf } from './figures.js';
import { type HeadlineName, headlineLabels } from './headline-models.js';
import type { HeadlineResults } from './headline-results.js';

/** Everything that was measured, as Markdown. */
export function headlineTables(results: HeadlineResults): string {
  const models = Object.keys(headlineLabels) as HeadlineName[];
  return [
    `${results.device}; ${results.setting}.`,
    ...models.map((model) => decodeTable(results, model)),
    throughputTable(results, models),
    prefillTable(results, models),
  ].join('\n\n');
}

/** Milliseconds a step, and how many times as fast the hybrid is; what does not fit with the bytes that it needs. */
function decodeTable({ decode }: HeadlineResults, model: HeadlineName): string {
  const cells = decode.filter((cell) => cell.model === model);
  const batches = ascending(cells.map(({ batch }) => batch));
  const rows = ascending(cells.map(({ context }) => context)).map((context) => [
    context.toLocaleString('en'),
    ...batches.map((batch) => {
      const cell = cells.find((each) => each.batch === batch && each.context === context);
      if (!cell) return '';
      if (cell.seconds === undefined) return `out of memory: ${formatBytes(totalBytes(cell.bytes))}`;
      const time = `${(1e3 * cell.seconds).toFixed(2)} ms`;
      const rate = `${(cell.bytes.readPerStep / cell.seconds / 1e12).toFixed(2)} TB/s`;
      const ours = secondsOf(decode, 'hybrid', { batch, context });
      if (model === 'hybrid' || ours === undefined) return `${time}, ${rate}`;
      return `${time}, ${rate}, **${(cell.seconds / ours).toFixed(2)}**`;
    }),
  ]);
  const heading = model === 'hybrid' ? '' : ', times the hybrid’s';
  return `**${headlineLabels[model]}**: time of a decode step, bytes read a second${heading}\n\n${table(['context', ...batches.map((batch) => `batch ${batch}`)], rows)}`;
}

function throughputTable(results: HeadlineResults, models: readonly HeadlineName[]): string {
  const columns = models.map((model) => new Map(bestThroughput(results, model)));
  const rows = ascending(columns.flatMap((column) => [...column.keys()])).map((context) => [
    context.toLocaleString('en'),
    ...columns.map((column, index) => {
      const [ours, speed] = [columns[0]!.get(context), column.get(context)];
      if (speed === undefined) return 'out of memory';
      const text = speed.toLocaleString('en', { maximumFractionDigits: 0 });
      return index === 0 || ours === undefined ? text : `${text}, **${(ours / speed).toFixed(2)}**`;
    }),
  ]);
  return `**Best of the batches that fit**: tokens a second of all sequences together, and how many times that the hybrid gives\n\n${table(['context', ...models.map((model) => headlineLabels[model])], rows)}`;
}

function prefillTable({ prefill }: HeadlineResults, models: readonly HeadlineName[]): string {
  const rows = ascending(prefill.map(({ length }) => length)).map((length) => [
    length.toLocaleString('en'),
    ...models.map((model) => {
      const result = prefill.find((each) => each.model === model && each.length === length);
      if (!result) return '';
      return result.tokensPerSecond?.toLocaleString('en', { maximumFractionDigits: 0 }) ?? 'out of memory';
    }),
  ]);
  return `**Prefill** of one sequence, tokens a second\n\n${table(['prompt', ...models.map((model) => headlineLabels[model])], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---:'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

function ascending(values: readonly number[]): number[] {
  return [...new Set(values)].sort((a, b) => a - b);
}
