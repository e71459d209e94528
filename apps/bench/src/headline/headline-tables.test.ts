import { expect, it } from 'vitest';
import { figurePage } from './figure-page.js';
import { figuresOf } from './figures.js';
import type { HeadlineName } from './headline-models.js';
import type { HeadlineResults } from './headline-results.js';
import { headlineTables } from './headline-tables.js';

function cell(model: HeadlineName, context: number, batch: number, seconds?: number) {
  const bytes = { weights: 2 ** 34, states: context * 2 ** 20, readPerStep: 2 ** 34 };
  return { model, context, batch, bytes, ...(seconds !== undefined && { seconds }) };
}

const results: HeadlineResults = {
  device: 'GPU',
  setting: 'bfloat16',
  decode: [
    cell('hybrid', 4096, 1, 0.005),
    cell('hybrid', 2048, 1, 0.004),
    cell('hybrid', 2048, 4, 0.01),
    cell('transformer', 2048, 1, 0.006),
    cell('transformer', 4096, 1),
  ],
  prefill: [
    { model: 'hybrid', length: 2048, tokensPerSecond: 12_345.6 },
    { model: 'transformer', length: 2048 },
  ],
};

it('shows times, speed-ups, and the bytes of what does not fit', () => {
  const tables = headlineTables(results);
  expect(tables).toContain('| 2,048 | 4.00 ms, 4.29 TB/s | 10.00 ms, 1.72 TB/s |');
  expect(tables).toContain('| 2,048 | 6.00 ms, 2.86 TB/s, **1.50** |');
  expect(tables).toContain('| 4,096 | out of memory: 20.0 GiB |');
  expect(tables).toContain('| 2,048 | 400 | 167, **2.40** | out of memory |');
  expect(tables).toContain('| 2,048 | 12,346 | out of memory |  |');
});

it('draws only what was measured of both models, contexts ascending', () => {
  const [speedUp, , throughput, step] = figuresOf(results);
  expect(speedUp!.lines.map(({ label, points }) => [label, points])).toEqual([
    ['batch 1', [[2048, 1.5]]],
    ['batch 4', []],
    [
      'paper: up to 8',
      [
        [2048, 8],
        [4096, 8],
      ],
    ],
  ]);
  expect(throughput!.lines[0]!.points).toEqual([
    [2048, 400],
    [4096, 200],
  ]);
  expect(step!.lines[0]!.points.map(([context]) => context)).toEqual([2048, 4096]);
});

it('puts a figure on a page that needs nothing else', () => {
  const [figure] = figuresOf(results);
  const page = figurePage({ ...figure!, y: '</script>' });
  expect(page).toContain('new uPlot(');
  expect(page).not.toMatch(/<script src|<link/);
  expect(page.split('</script>')).toHaveLength(3);
});
