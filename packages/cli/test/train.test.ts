import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './captured-terminal.js';

const text = fileURLToPath(new URL('../../model-shakespeare/evaluation/validation.txt', import.meta.url));
const llama = fileURLToPath(new URL('../../models/test/fixtures/llama', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hybra-'));
});
afterEach(() => rm(folder, { recursive: true }));

const small = ['--batch', '1', '--length', '16', '--validate-windows', '1', '--warmup', '1'];

describe('train refuses', () => {
  it.each([
    ['no folder', ['--data', text], "required option '--out"],
    ['a preset that does not exist', ['--data', text, '--out', 'x', '--preset', 'gpt-5'], 'mamba2-hybrid-5m'],
    [
      'a preset that cannot be exported',
      ['--data', text, '--out', 'x', '--preset', 'transformer-5m'],
      'E_CONFIG',
    ],
    [
      'a model and a preset',
      ['--data', text, '--out', 'x', '--model', llama, '--preset', 'mamba-5m'],
      'E_ARGUMENT',
    ],
    ['to pack one text', ['--data', text, '--out', 'x', '--pack'], 'Documents come from .jsonl'],
    ['a missing file', ['--data', '/nowhere.txt', '--out', 'x'], 'E_IO'],
    [
      'products that the device does not have',
      ['--data', text, '--out', 'x', '--products', 'bfloat16', '--device', 'cpu'],
      'Use --device cuda or native',
    ],
    ['a share above 1', ['--data', text, '--out', 'x', '--validation', '1.5'], 'E_ARGUMENT'],
  ])('%s', async (_, args, message) => {
    const { exitCode, notes } = await run(['train', ...args]);
    expect(notes).toContain(message);
    expect(exitCode).toBe(2);
  });
});

it('trains, is resumed, and leaves a model that generates', async () => {
  const out = join(folder, 'out');
  const args = ['train', '--data', text, '--out', out, '--preset', 'mamba2-5m', '--steps', '2', ...small];
  const first = await run(args);
  expect(first.notes).toContain('step 2/2');
  expect(first.out).toMatch(/^validation loss \d+\.\d+ \| /);
  expect(first.exitCode).toBe(0);
  expect((await readdir(out)).sort()).toEqual(['checkpoints', 'log.jsonl', 'model', 'report.html']);
  expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('uPlot');

  const refused = await run(args);
  expect(refused.notes).toContain('--resume');
  const resumed = await run([...args, '--resume']);
  expect(resumed.notes).toContain('continuing after step 2');
  expect(resumed.exitCode).toBe(0);

  const generated = await run(['generate', '--model', join(out, 'model'), '--max-tokens', '3', '--json']);
  expect(generated.exitCode).toBe(0);
  expect(JSON.parse(generated.out).text).toEqual(expect.any(String));
});

it('trains by Muon on packed documents, with event files', async () => {
  const data = join(folder, 'documents.jsonl');
  const lines = ['to be', 'or not to be', 'that is', 'the question'].map((text) => JSON.stringify({ text }));
  await writeFile(data, lines.join('\n'));
  const [out, events] = [join(folder, 'out'), join(folder, 'events')];
  const { exitCode, notes } = await run([
    ...[
      'train',
      '--data',
      data,
      '--out',
      out,
      '--preset',
      'mamba2-5m',
      '--tokenizer',
      'bytes',
      '--steps',
      '2',
    ],
    ...['--validation', '0', '--optimizer', 'muon', '--pack', '--tensorboard', events],
    ...['--batch', '1', '--length', '32', '--warmup', '1'],
  ]);
  expect(notes).toContain('step 2/2');
  expect(exitCode).toBe(0);
  expect((await readdir(events)).join()).toContain('tfevents');
});

it('trains LoRA on a checkpoint with a file of tokens, which keeps the configuration', async () => {
  const tokens = Uint16Array.from({ length: 400 }, (_, i) => i % 7);
  const data = join(folder, 'tokens.u16');
  await writeFile(data, new Uint8Array(tokens.buffer));
  const out = join(folder, 'out');
  const { exitCode, notes } = await run([
    'train',
    '--data',
    data,
    '--out',
    out,
    '--model',
    llama,
    '--steps',
    '2',
    ...small,
    '--lora',
    '2',
    '--lora-targets',
    'query',
    '--device',
    'cpu',
  ]);
  expect(notes).toContain('step 2/2');
  expect(exitCode).toBe(0);
  const configOf = async (path: string): Promise<unknown> =>
    JSON.parse(await readFile(join(path, 'config.json'), 'utf8'));
  expect(await configOf(join(out, 'model'))).toEqual(await configOf(llama));
});
