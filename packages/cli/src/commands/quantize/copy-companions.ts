import { join } from 'node:path';
import { tokenizerFileNames } from '@hybra/tokenizer';
import { type Directory, readSmallFile, writeFileAtomic } from '@hybra/weights';

/** Copies the files beside the weights that commands read: tokenizer, chat template, generation settings. */
export async function copyCompanions(from: Directory, folder: string): Promise<void> {
  for (const name of new Set(Object.values(tokenizerFileNames).flat())) {
    const bytes = await readSmallFile(from, name);
    if (bytes) await writeFileAtomic(join(folder, name), bytes);
  }
}
