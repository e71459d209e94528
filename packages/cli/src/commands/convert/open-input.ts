import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type OpenCheckpoint, openMegatron } from '@hybra/models';
import { folderDirectory, openCheckpoint, readJson, type WeightSource } from '@hybra/weights';
import { directoryAt } from '../../session/open-session.js';

/** A checkpoint in any layout that is read: of transformers, of mamba_ssm, of Megatron-LM. */
export interface Input extends OpenCheckpoint {
  readonly weights: WeightSource;
}

/**
 * Opens a GGUF file, or a folder: one with a `config.json`, or one of Megatron-LM with `mp_rank_00`, `mp_rank_01`, …, perhaps in the
 * folder of the iteration that `latest_checkpointed_iteration.txt` names.
 * @throws E_IO, E_FORMAT, E_CONFIG, E_ABORTED
 */
export async function openInput(folder: string, signal: AbortSignal): Promise<Input> {
  const ranks = await megatronRanks(folder);
  if (ranks.length > 0) return openMegatron(ranks.map(folderDirectory), signal);
  const directory = directoryAt(folder);
  const config = await readJson(directory, 'config.json', { signal });
  return { config, weights: await openCheckpoint(directory, signal) };
}

async function megatronRanks(folder: string): Promise<string[]> {
  const own = await rankFolders(folder);
  if (own.length > 0) return own;
  const latest = await readFile(join(folder, 'latest_checkpointed_iteration.txt'), 'utf8').catch(
    () => undefined,
  );
  if (latest === undefined) return [];
  const name = latest.trim();
  return rankFolders(join(folder, /^\d+$/.test(name) ? `iter_${name.padStart(7, '0')}` : 'release'));
}

async function rankFolders(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^mp_rank_\d+$/.test(name))
    .sort()
    .map((name) => join(folder, name));
}
