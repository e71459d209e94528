import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelFolder } from '@hybra/model-shakespeare';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './captured-terminal.js';

const model = fileURLToPath(modelFolder);
const text = fileURLToPath(new URL('../../model-shakespeare/evaluation/validation.txt', import.meta.url));
const llama = fileURLToPath(new URL('../../models/test/fixtures/llama', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hybra-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('quantize refuses', () => {
  it.each([
    ['an unknown type', ['in', 'out', '--type', 'q3'], 'q3'],
    ['a missing input', ['/nowhere', 'out'], 'E_IO'],
    ['a missing argument', ['/nowhere'], "missing required argument 'output'"],
  ])('%s', async (_, args, message) => {
    const { exitCode, notes } = await run(['quantize', ...args]);
    expect(notes).toContain(message);
    expect(exitCode).toBe(2);
  });

  it('a folder that exists, and leaves it alone', async () => {
    const output = join(folder, 'out');
    await mkdir(output);
    const { exitCode, notes } = await run(['quantize', llama, output]);
    expect(notes).toContain('exists already');
    expect(exitCode).toBe(2);
    expect(await readdir(output)).toEqual([]);
  });

  it('a checkpoint that is quantised already, and leaves nothing behind', async () => {
    await run(['quantize', llama, join(folder, 'q8')]);
    const { exitCode, notes } = await run([
      'quantize',
      join(folder, 'q8'),
      join(folder, 'q4'),
      '--type',
      'q4',
    ]);
    expect(notes).toContain('quantised already');
    expect(exitCode).toBe(2);
    expect(await readdir(folder)).toEqual(['q8']);
  });

  it('to go on after an abort, and leaves nothing behind', async () => {
    const controller = new AbortController();
    controller.abort();
    const { exitCode } = await run(['quantize', llama, join(folder, 'q8')], controller.signal);
    expect(exitCode).toBe(130);
    expect(await readdir(folder)).toEqual([]);
  });
});

// Teacher-forced loss, in nats per token, of 512 tokens of text that the model has not seen. The bounds are those of
// the whole text; we measure +0.0001 and -0.0009 there
// (docs/quantisation.md).
describe.each([
  ['q8', 0.005, 0.6],
  ['q4', 0.06, 0.35],
] as const)('quantize --type %s of the bundled model', (type, bound, share) => {
  it(`costs less than ${bound} nats and ${share} of the bytes; perplexity and generate take it`, async () => {
    const output = join(folder, type);
    const windows = ['--max-windows', '2', '--json', '--device', 'cpu'];
    const { exitCode, out } = await run([
      'quantize',
      model,
      output,
      '--type',
      type,
      '--text',
      text,
      ...windows,
    ]);
    expect(exitCode).toBe(0);
    const figures = JSON.parse(out);
    expect(figures).toMatchObject({ type, refused: [] });
    expect(figures.tensors).toHaveLength(28);
    expect(figures.kept).toContain('backbone.layers.0.mixer.A_log');
    for (const { name, scheme, relativeError } of figures.tensors) {
      expect(scheme).toBe(/embeddings|lm_head/.test(name) ? 'q8' : type);
      expect(relativeError).toBeLessThan(scheme === 'q8' ? 0.006 : 0.085);
      expect(relativeError).toBeGreaterThan(0.003);
    }
    expect(Math.abs(figures.loss.change)).toBeLessThan(bound);
    expect(figures.loss.change).not.toBe(0);
    const { size } = await stat(join(output, 'model.safetensors'));
    expect(size).toBe(figures.bytes);
    expect(size).toBeLessThan(share * figures.bytesBefore);

    const perplexity = await run(['perplexity', text, '--model', output, ...windows]);
    expect(JSON.parse(perplexity.out).loss).toBeCloseTo(figures.loss.after, 6);
    const written = await run(['generate', '--model', output, '--max-tokens', '4', '--temperature', '0']);
    expect(written.out.length).toBeGreaterThan(4);
  }, 300_000);
});
