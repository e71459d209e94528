import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { modelFolder } from '@hybra/model-shakespeare';
import { ggufDirectory } from '@hybra/models';
import { bytesSource, encodeGguf, fileSource, folderDirectory } from '@hybra/weights';
import { loadTokenizerFrom } from 'hybra';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './captured-terminal.js';

const model = fileURLToPath(modelFolder);
const text = fileURLToPath(new URL('../../model-shakespeare/evaluation/validation.txt', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hybra-'));
});
afterEach(() => rm(folder, { recursive: true }));

it.each([
  ['an ending that names no format', [model, 'x.onnx'], 'names no format'],
  ['a type that is not written', [model, 'x.gguf', '--type', 'q4_k'], 'q4_k'],
  ['a missing input', ['/nowhere', 'x.gguf'], 'E_IO'],
])('convert refuses %s', async (_, args, message) => {
  const { exitCode, notes } = await run([
    'convert',
    ...args.map((arg) => (arg === 'x.gguf' ? join(folder, arg) : arg)),
  ]);
  expect(notes).toContain(message);
  expect(exitCode).toBe(2);
  expect(await readdir(folder)).toEqual([]);
});

it.each(['generate', 'inspect', 'verify'])(
  '%s refuses a damaged GGUF file with a typed error',
  async (command) => {
    const path = join(folder, 'broken.gguf');
    await writeFile(path, 'GGUF and then nothing');
    const { exitCode, notes } = await run(
      command === 'generate' ? [command, '--model', path] : [command, path],
    );
    expect(notes).toContain('error E_FORMAT');
    expect(exitCode).toBe(2);
  },
);

describe('the bundled model as GGUF', () => {
  async function converted(type: string): Promise<string> {
    const path = join(folder, `${type}.gguf`);
    expect((await run(['convert', model, path, '--type', type])).exitCode).toBe(0);
    return path;
  }

  it('writes and continues text as the folder does', async () => {
    const path = await converted('f32');
    const args = ['--prompt', 'ROMEO:\n', '--max-tokens', '12', '--temperature', '0', '--device', 'cpu'];
    expect((await run(['generate', '--model', path, ...args])).out).toBe(
      "I'll tell you, sir, I will not be so\n",
    );
    expect((await run(['inspect', path])).out).toContain('M-M-M-*-M-M-');
  });

  it('has the tokenizer of the folder', async () => {
    const path = await converted('q4_0');
    const [before, after] = await Promise.all([
      loadTokenizerFrom(folderDirectory(model)),
      loadTokenizerFrom(ggufDirectory(path, () => fileSource(path))),
    ]);
    expect(after.vocabularySize).toBe(before.vocabularySize);
    for (const sample of ["Don't  speak:\n\n\tÄ 12345 ✓ ", '<|endoftext|>KING', '']) {
      const ids = before.encode(sample);
      expect(after.encode(sample)).toEqual(ids);
      expect(after.decode(ids)).toBe(before.decode(ids));
    }
    expect(after.eosIds).toEqual(before.eosIds);
  });

  // The bounds of quantised checkpoints (quantize.test.ts), on the same 512 tokens; Q4_0 chooses scales without a search.
  it.each([
    ['q8_0', 0.005],
    ['q4_0', 0.06],
  ] as const)(
    'loses little in %s',
    async (type, bound) => {
      const path = await converted(type);
      const loss = async (source: string): Promise<number> =>
        JSON.parse((await run(['perplexity', text, '--model', source, '--max-windows', '2', '--json'])).out)
          .loss;
      expect(Math.abs((await loss(path)) - (await loss(model)))).toBeLessThan(bound);
    },
    300_000,
  );
});

describe('GGUF of other formats', () => {
  const fixtures = fileURLToPath(new URL('../../models/test/fixtures/', import.meta.url));

  it.each(['mamba2-original', 'lfm2'])('%s, and that file again, from its folder', async (name) => {
    const inside = join(folder, 'model');
    await mkdir(inside);
    const first = join(inside, 'a.gguf');
    expect((await run(['convert', join(fixtures, name), first, '--type', 'f32'])).exitCode).toBe(0);
    const again = join(folder, 'b.gguf');
    expect((await run(['convert', inside, again, '--type', 'f32'])).exitCode).toBe(0);
    expect((await readFile(again)).byteLength).toBe((await readFile(first)).byteLength);
  });

  it('a folder with several is refused, and names them', async () => {
    for (const name of ['a.gguf', 'b-00001-of-00002.gguf', 'b-00002-of-00002.gguf']) {
      await writeFile(join(folder, name), '');
    }
    const { exitCode, notes } = await run(['inspect', folder]);
    expect(notes).toContain('2 models as GGUF: a.gguf, b-00001-of-00002.gguf');
    expect(exitCode).toBe(2);
  });
});

it('a GGUF file with a SentencePiece vocabulary has its tokenizer', async () => {
  const bytePieces = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  );
  const words = ['▁', 'a', 'b', 'ab', '▁ab'];
  const tokens = ['<unk>', '<s>', '</s>', ...bytePieces, ...words];
  const string = (value: string) => ({ type: 'string', value }) as const;
  const bytes = await encodeGguf({
    metadata: {
      'general.architecture': string('llama'),
      'llama.block_count': { type: 'u32', value: 1 },
      'llama.context_length': { type: 'u32', value: 8 },
      'llama.embedding_length': { type: 'u32', value: 4 },
      'llama.feed_forward_length': { type: 'u32', value: 4 },
      'llama.attention.head_count': { type: 'u32', value: 1 },
      'tokenizer.ggml.model': string('llama'),
      'tokenizer.ggml.tokens': { type: 'array', of: 'string', value: tokens },
      'tokenizer.ggml.scores': {
        type: 'array',
        of: 'f32',
        value: [0, 0, 0, ...bytePieces.map(() => 0), -4, -3, -2, -1, -0.5],
      },
      'tokenizer.ggml.token_type': {
        type: 'array',
        of: 'i32',
        value: [2, 3, 3, ...bytePieces.map(() => 6), ...words.map(() => 1)],
      },
      'tokenizer.ggml.bos_token_id': { type: 'u32', value: 1 },
      'tokenizer.ggml.eos_token_id': { type: 'u32', value: 2 },
    },
    tensors: [{ name: 'token_embd.weight', type: 'f32', shape: [264, 4], bytes: new Uint8Array(264 * 16) }],
  });
  const directory = ggufDirectory('x.gguf', async () => bytesSource(bytes, 'x.gguf'));
  const tokenizer = await loadTokenizerFrom(directory);
  const ids = [1, 263, 263, 3 + 10];
  expect(tokenizer.encode('ab ab\n')).toEqual(ids);
  expect(tokenizer.decode(ids)).toContain('ab ab\n');
  expect(tokenizer.eosIds).toEqual([2]);
});
