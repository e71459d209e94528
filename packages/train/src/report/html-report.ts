import { nodeModule } from '../platform/node-module.js';

/** A line of a plot. */
export interface PlotSeries {
  readonly label: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** A plot of one or more lines over a common axis. */
export interface Plot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly PlotSeries[];
  /** Marks at the points, for few of them. Default is `false`. */
  readonly hasMarks?: boolean;
  /** Bounds of the vertical axis; fitted to the data when absent. */
  readonly range?: readonly [number, number];
}

/** What a report shows. */
export interface Report {
  readonly title: string;
  /** Paragraphs of plain text. */
  readonly text?: readonly string[];
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly plots: readonly Plot[];
}

const colours = ['#0b6e99', '#c4472b', '#3f7d20', '#8250a0', '#b8860b', '#4a4a4a', '#d0458f', '#1f9e89'];

/** A page with plots (uPlot) in one file that needs no network. @throws E_IO where there is no Node */
export async function htmlReport(report: Report): Promise<string> {
  const { readFile } = nodeModule('node:fs/promises', 'a report');
  const require = nodeModule('node:module', 'a report').createRequire(import.meta.url);
  const [script, style] = await Promise.all([
    readFile(require.resolve('uplot/dist/uPlot.iife.min.js'), 'utf8'),
    readFile(require.resolve('uplot/dist/uPlot.min.css'), 'utf8'),
  ]);
  // A closing tag inside the data would end the script.
  const plots = JSON.stringify(report.plots.map(alignPlot)).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(report.title)}</title>
<style>${style}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
table{border-collapse:collapse}td{padding:.15rem 1rem .15rem 0}td:first-child{color:#666}figure{margin:2rem 0}
figcaption{font-weight:600;margin-bottom:.5rem}</style>
<h1>${escapeHtml(report.title)}</h1>
${(report.text ?? []).map((line) => `<p>${escapeHtml(line)}</p>`).join('\n')}
<table>${report.facts.map(([name, value]) => `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(value)}</td></tr>`).join('')}</table>
<div id="plots"></div>
<script>${script.replaceAll('</script', '<\\/script')}</script>
<script>
for (const plot of ${plots}) {
  const figure = document.createElement('figure');
  const caption = document.createElement('figcaption');
  caption.textContent = plot.title;
  figure.append(caption);
  document.getElementById('plots').append(figure);
  new uPlot({
    width: Math.min(900, document.body.clientWidth), height: 380,
    scales: { x: { time: false }, y: plot.range ? { range: plot.range } : {} },
    axes: [{ label: plot.x }, { label: plot.y }],
    series: [{ label: plot.x }, ...plot.series],
  }, plot.data, figure);
}
</script>
</html>
`;
}

/** uPlot takes one axis for all lines, with null where a line has no point. */
function alignPlot(plot: Plot) {
  const xs = [...new Set(plot.series.flatMap(({ points }) => points.map(([x]) => x)))].sort((a, b) => a - b);
  const columns = plot.series.map(({ points }) => {
    const byX = new Map(points.map(([x, y]) => [x, y]));
    return xs.map((x) => byX.get(x) ?? null);
  });
  return {
    title: plot.title,
    x: plot.x,
    y: plot.y,
    ...(plot.range && { range: plot.range }),
    data: [xs, ...columns],
    series: plot.series.map(({ label }, index) => ({
      label,
      stroke: colours[index % colours.length],
      width: 2,
      spanGaps: true,
      points: { show: plot.hasMarks ?? false },
    })),
  };
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
