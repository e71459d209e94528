import { bytesSource, encodeGguf, readSmallFile } from '@hybra/weights';
import { expect, it } from 'vitest';
import { ggufContents, ggufDirectory } from '../src/index.js';
import { fixture } from './support/golden.js';

// Found by the fuzzer: the number of a kind went into a file of the tokenizer that never ended.
it.each([Number.POSITIVE_INFINITY, 7, 1.5, Number.NaN])('a kind of token %d is refused', async (kind) => {
  const { metadata, close } = await ggufContents(fixture('llama'), 'f16');
  await close();
  const file = await encodeGguf({
    metadata: {
      ...metadata,
      'tokenizer.ggml.model': { type: 'string', value: 'llama' },
      'tokenizer.ggml.tokens': { type: 'array', of: 'string', value: ['<unk>', 'a'] },
      'tokenizer.ggml.scores': { type: 'array', of: 'f32', value: [0, -1] },
      'tokenizer.ggml.token_type': { type: 'array', of: 'f64', value: [2, kind] },
    },
    tensors: [{ name: 'token_embd.weight', type: 'f32', shape: [2, 1], bytes: new Uint8Array(8) }],
  });
  const directory = ggufDirectory('x.gguf', async () => bytesSource(file, 'x.gguf'));
  await expect(readSmallFile(directory, 'tokenizer.model')).rejects.toMatchObject({
    code: 'E_FORMAT',
    message: expect.stringContaining('kinds from 1 to 6'),
  });
});
