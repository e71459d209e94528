import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { generateText, Runner } from '@hybra/generate';
import { modelFolder } from '@hybra/model-shakespeare';
import { loadModel } from '@hybra/models';
import { loadTokenizer } from '@hybra/tokenizer';
import { folderDirectory } from '@hybra/weights';
import { expect, it } from 'vitest';
import { plain } from '../src/index.js';

async function readText(name: string): Promise<string> {
  return readFile(new URL(name, modelFolder), 'utf8');
}

it('writes what the trained hybrid writes elsewhere, through decompositions', async () => {
  const device = await plain().open();
  const model = await loadModel(folderDirectory(fileURLToPath(modelFolder)), { device });
  const runner = new Runner(model, { capacity: 32 });
  const tokenizer = loadTokenizer({ tokenizerJson: JSON.parse(await readText('tokenizer.json')) });
  const { greedy } = JSON.parse(await readText('golden.json')) as { greedy: string };

  const prompt = 'ROMEO:\n';
  const text = generateText(runner, tokenizer, { prompt, sampling: { temperature: 0 }, maxTokens: 8 });
  let written = '';
  for await (const piece of text) written += piece;
  expect(written.length).toBeGreaterThan(8);
  expect(greedy.slice(prompt.length, prompt.length + written.length)).toBe(written);

  runner.dispose();
  model.dispose();
  await device.dispose();
});
