import { appendFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { htmlReport, openTrainingLog, plotsOfLog } from '../src/index.js';

const step = {
  kind: 'step',
  norm: 1,
  tokens: 1,
  tokensPerSecond: 1,
  secondsLeft: 0,
  memoryBytes: 0,
} as const;

it('reads a log back: repeated steps once, a line cut off by a crash not at all', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'hybra-log-')), 'out', 'log.jsonl');
  const log = await openTrainingLog(path);
  await log.write({ ...step, step: 1, loss: 5, learningRate: 0.1 });
  await log.write({ ...step, step: 2, loss: 4, learningRate: 0.2 });
  await appendFile(path, '{"kind":"step","step":3,"lo\n');
  await log.write({ ...step, step: 2, loss: 3, learningRate: 0.2 });
  await log.write({ kind: 'evaluated', step: 2, loss: 3.5, isBest: true });
  const [losses] = await plotsOfLog(path);
  expect(losses!.series).toEqual([
    {
      label: 'training',
      points: [
        [1, 5],
        [2, 3],
      ],
    },
    { label: 'validation', points: [[2, 3.5]] },
  ]);
});

it('makes a page that needs no network and that no text can break out of', async () => {
  const page = await htmlReport({
    title: '<b>&',
    facts: [['loss', '"3"']],
    plots: [
      {
        title: '</script><script>alert(1)</script>',
        x: 'x',
        y: 'y',
        series: [{ label: 'a', points: [[1, 2]] }],
      },
    ],
  });
  expect(page).not.toMatch(/(src|href)=/);
  expect(page).not.toContain('<script>alert');
  expect(page).toContain('&lt;b&gt;&amp;');
  expect(page.match(/<\/script>/g)).toHaveLength(2);
});
