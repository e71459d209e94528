import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Figure } from './figures.js';

const colours = ['#0b6e99', '#c4472b', '#3f7d20', '#8250a0', '#4a4a4a'];

/** A page of one figure, drawn by uPlot with the context on a logarithmic axis; `#figure` is what to photograph. */
export function figurePage(figure: Figure): string {
  const require = createRequire(import.meta.url);
  const script = readFileSync(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8');
  const style = readFileSync(require.resolve('uplot/dist/uPlot.min.css'), 'utf8');
  const contexts = [
    ...new Set(figure.lines.flatMap(({ points }) => points.map(([context]) => context))),
  ].sort((a, b) => a - b);
  const columns = figure.lines.map(({ points }) => {
    const byContext = new Map(points);
    return contexts.map((context) => byContext.get(context) ?? null);
  });
  const series = figure.lines.map(({ label, isDashed }, index) => ({
    label,
    stroke: colours[index % colours.length],
    width: 2,
    ...(isDashed && { dash: [6, 6] }),
    points: { show: isDashed !== true, size: 7 },
  }));
  const options = {
    title: figure.title,
    width: 860,
    height: 420,
    scales: { x: { time: false, distr: 3, log: 2 }, y: figure.isLogarithmic ? { distr: 3, log: 10 } : {} },
    series: [{ label: 'context' }, ...series],
    legend: { live: false },
  };
  const safe = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${figure.name}</title>
<style>${style}
body{font:15px/1.4 system-ui,sans-serif;margin:0;background:#fff;color:#222}#figure{display:inline-block;padding:12px}</style>
<div id="figure"></div>
<script>${script.replaceAll('</script', '<\\/script')}</script>
<script>
const options = ${safe(options)};
const thousands = (value) => value >= 1024 ? value / 1024 + 'K' : String(value);
options.scales.y.range = ${figure.isLogarithmic ? 'undefined' : '(plot, low, high) => [0, Math.ceil(high * 1.08)]'};
options.axes = [
  { label: 'tokens of context', splits: () => ${safe(contexts)}, filter: (plot, splits) => splits, values: (plot, splits) => splits.map(thousands) },
  { label: ${safe(figure.y)} },
];
new uPlot(options, ${safe([contexts, ...columns])}, document.getElementById('figure'));
</script>
</html>
`;
}
