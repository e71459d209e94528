import { readFile } from 'node:fs/promises';
import { loadTokenizerFrom } from '@hybra/generate';
import { modelFolder } from '@hybra/model-shakespeare';
import { bytesDirectory } from '@hybra/weights';
import { expect, it } from 'vitest';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const tokenizerJson = new Uint8Array(await readFile(new URL('tokenizer.json', modelFolder)));

it('a folder without a tokenizer is refused with the names that were looked for', async () => {
  await expect(
    loadTokenizerFrom(bytesDirectory({ 'config.json': bytes('{}') }, 'mine')),
  ).rejects.toMatchObject({
    code: 'E_CONFIG',
    message: expect.stringMatching(/mine has no tokenizer \(tokenizer\.json.*tokenizer\.model/),
  });
});

it('a broken tokenizer is refused', async () => {
  const broken = bytesDirectory({ 'tokenizer.json': tokenizerJson.subarray(0, 100) });
  await expect(loadTokenizerFrom(broken)).rejects.toMatchObject({ code: 'E_FORMAT' });
});

it('an abort stops it', async () => {
  const directory = bytesDirectory({ 'tokenizer.json': tokenizerJson });
  await expect(loadTokenizerFrom(directory, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: 'E_ABORTED',
  });
});

it('files beside the vocabulary say where a text ends and what a conversation looks like', async () => {
  const tokenizer = await loadTokenizerFrom(
    bytesDirectory({
      'tokenizer.json': tokenizerJson,
      'generation_config.json': bytes('{"eos_token_id": 5}'),
      'chat_template.jinja': bytes('{% for m in messages %}[{{ m.content }}]{% endfor %}'),
    }),
  );
  expect(tokenizer.eosIds).toContain(5);
  expect(tokenizer.applyChatTemplate([{ role: 'user', content: 'Hello' }])).toBe('[Hello]');
  expect(tokenizer.decode(tokenizer.encode('ROMEO:'))).toBe('ROMEO:');
});
