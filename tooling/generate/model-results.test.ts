import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type ModelResult, mergeResults, readResults, resultsFile } from './model-results.js';
import { modelsTable } from './models-table.js';

const result = (device: string, dtype: string, logitError: number): ModelResult => ({
  family: 'mamba',
  checkpoint: 'tiny',
  format: 'safetensors',
  device,
  machine: `${device} of a test`,
  dtype,
  logitError,
});

it('replaces all that a backend had, and nothing of others', () => {
  const old = [result('cpu', 'f32', 1), result('cuda', 'f32', 2), result('cuda', 'bf16', 3)];
  expect(mergeResults(old, [result('cuda', 'f32', 4)])).toEqual([
    result('cpu', 'f32', 1),
    result('cuda', 'f32', 4),
  ]);
});

it('says of every cell what was measured, or that it was not', () => {
  const root = mkdtempSync(join(tmpdir(), 'hybra-results-'));
  try {
    mkdirSync(join(root, 'docs'));
    writeFileSync(join(root, resultsFile), JSON.stringify([result('webgpu', 'f32', 1.23e-5)]));
    expect(readResults(join(root, resultsFile))).toHaveLength(1);
    const { text } = modelsTable(root);
    const none = 'not measured';
    expect(text).toContain(
      `| \`mamba\` | tiny | safetensors | ${[none, none, none, none, '1.2e-5', none, none, none].join(' | ')} |`,
    );
    expect(text).toContain(
      'cpu: not measured; native: not measured; webgpu: webgpu of a test; cuda: not measured',
    );
  } finally {
    rmSync(root, { recursive: true });
  }
});
