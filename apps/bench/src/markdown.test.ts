import { expect, it } from 'vitest';
import { benchModels } from './cases.js';
import { markdownTable } from './markdown.js';
import { spreadOf } from './statistics.js';

it('gives the middle, also between two', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, lowest: 1, highest: 3 });
  expect(spreadOf([4, 1])).toEqual({ median: 2.5, lowest: 1, highest: 4 });
});

it('writes a row for each result, with a ratio where there is a peer', () => {
  const base = { model: 'm', dtype: 'f16', threads: 2, task: 'decode 128', device: 'CPU' };
  const speed = spreadOf([90, 100, 110]);
  const ceiling = spreadOf([200]);
  const table = markdownTable([
    { ...base, speed, ceiling, peer: spreadOf([80]) },
    { ...base, speed, ceiling },
  ]);
  const rows = table.split('\n');
  expect(rows.length).toBe(4);
  expect(rows[2]).toContain('| 100 (90.0 … 110) | 200 (200 … 200) | 50 % | 80.0 (80.0 … 80.0) | 1.25 |');
  expect(new Set(rows.map((row) => row.split('|').length)).size).toBe(1);
});

it('has models of the published sizes', () => {
  const config = benchModels.find(({ name }) => name === 'mamba2-780m')!.config();
  expect([config.hiddenSize, config.layers.length]).toEqual([1536, 48]);
  expect(config.layers[0]).toMatchObject({ kind: 'mamba2', heads: 48, groups: 1 });
});
