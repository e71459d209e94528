import { cpu, standardKernels } from '@hybra/backend-cpu';
import { mandatoryOps } from '@hybra/spec';
import { expect, it } from 'vitest';
import { nullBackend } from './null/null-backend.js';
import { supportTable } from './support-table.js';

it('shows kernels, decompositions and what is missing', async () => {
  const whole = await cpu().open();
  const kernels = standardKernels.filter(({ op }) => op !== 'softmax' && op !== 'exp');
  const partial = await cpu({ name: 'partial', kernels }).open();
  const table = supportTable([whole, partial]);
  expect(table).toContain('| op | | cpu | partial |');
  expect(table).toMatch(/\| \[exp\]\(#exp\) \| mandatory \| `cpu\/exp` \| missing \|/);
  expect(table).toMatch(/\| \[softmax\]\(#softmax\) \| {2}\| `cpu\/softmax` \| decomposed \|/);
  expect(table).toContain('## ssdChunkScan\n\nMamba-2 (Dao & Gu 2024');
  await whole.dispose();
  await partial.dispose();
});

it('says where a kernel takes only some of the cases', async () => {
  const device = await nullBackend({
    supports: ({ inputs }) =>
      inputs.some(({ dtype }) => dtype === 'f16') ? { supported: false, reason: 'no f16' } : undefined,
  }).open();
  expect(supportTable([device])).toMatch(/\| \[silu\]\(#silu\) \| {2}\| `null\/silu`, else decomposed \|/);
});

it('marks exactly the mandatory ops', () => {
  const marked = supportTable([]).match(/\| mandatory \|/g);
  expect(marked).toHaveLength(mandatoryOps.length);
});
