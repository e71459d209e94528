import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Directory, folderDirectory, openSafetensors } from '@hybra/weights';

/** What a reference implementation computed for a checkpoint. */
export interface Golden {
  /** `[rows][time]` */
  readonly inputIds: readonly (readonly number[])[];
  /** `[rows · time · vocabulary]` */
  readonly logits: Float32Array;
  readonly promptIds: readonly number[];
  readonly greedyIds: readonly number[];
}

const fixtures = fileURLToPath(new URL('../fixtures/', import.meta.url));

/** Every checkpoint in `test/fixtures` that has a golden file. */
export const fixtureNames: readonly string[] = readdirSync(fixtures).filter((name) =>
  existsSync(`${fixtures}${name}/golden.safetensors`),
);

/** The checkpoint of that name in `test/fixtures`. */
export function fixture(name: string): Directory {
  return folderDirectory(`${fixtures}${name}`);
}

/** Reads `golden.safetensors`. */
export async function readGolden(directory: Directory): Promise<Golden> {
  const file = await directory.open('golden.safetensors');
  if (!file) throw new Error(`${directory.name} has no golden.safetensors`);
  const source = await openSafetensors(file);
  try {
    const [rows, time] = source.entries.get('input_ids')!.shape as [number, number];
    const ids = new Int32Array((await source.read('input_ids')).buffer);
    return {
      inputIds: Array.from({ length: rows }, (_, row) => [...ids.slice(row * time, (row + 1) * time)]),
      logits: new Float32Array((await source.read('logits')).buffer),
      promptIds: [...new Int32Array((await source.read('prompt_ids')).buffer)],
      greedyIds: [...new Int32Array((await source.read('greedy_ids')).buffer)],
    };
  } finally {
    await source.close();
  }
}
