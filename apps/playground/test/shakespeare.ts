import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { ModelChoice } from '../src/engine/protocol.js';

/** The folder of the bundled model. */
export const shakespeareFolder = fileURLToPath(
  new URL('../../../packages/model-shakespeare/model/', import.meta.url),
);

/** The bundled model as a person would drop it. */
export async function shakespeareFiles(): Promise<ModelChoice> {
  const names = ['config.json', 'tokenizer.json', 'generation_config.json', 'model.safetensors'];
  const files = await Promise.all(
    names.map(async (name) => new File([new Uint8Array(await readFile(shakespeareFolder + name))], name)),
  );
  return { kind: 'files', name: 'shakespeare', files };
}

/** What PyTorch continues `ROMEO:\n` with when it always takes the most probable token; prompt included. */
export async function greedyText(): Promise<string> {
  const golden = JSON.parse(await readFile(`${shakespeareFolder}golden.json`, 'utf8')) as { greedy: string };
  return golden.greedy;
}
