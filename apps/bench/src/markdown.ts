import type { Result } from './measure.js';
import type { Spread } from './statistics.js';

function cell({ median, lowest, highest }: Spread): string {
  return `${rounded(median)} (${rounded(lowest)} … ${rounded(highest)})`;
}

/** Three digits. */
function rounded(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function percent(part: number, whole: number): string {
  return `${Math.round((100 * part) / whole)} %`;
}

/** The results as a Markdown table: medians, with the slowest and fastest behind them. */
export function markdownTable(results: readonly Result[]): string {
  const hasPeer = results.some(({ peer }) => peer !== undefined);
  const head = ['model', 'weights', 'threads', 'task', 'tokens/s', 'ceiling', 'reached'];
  if (hasPeer) head.push('peer', 'ratio');
  const rows = results.map(({ model, dtype, threads, task, speed, ceiling, peer }) => [
    model,
    dtype,
    String(threads),
    task,
    cell(speed),
    cell(ceiling),
    percent(speed.median, ceiling.median),
    ...(peer ? [cell(peer), (speed.median / peer.median).toFixed(2)] : hasPeer ? ['', ''] : []),
  ]);
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
