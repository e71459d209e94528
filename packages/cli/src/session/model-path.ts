import { stat } from 'node:fs/promises';
import { HybraError } from '@hybra/spec';
import { type HubName, parseHubName } from '../hub/hub-name.js';
import type { LocalSnapshot } from '../hub/local-snapshot.js';
import { progressBar } from './progress.js';
import type { Terminal } from './terminal.js';

/**
 * The path of a model given by a path or by its name on the hub: what exists on the disk wins, then
 * `owner/name[@revision]` is downloaded or taken from the cache.
 * @throws E_IO if it is neither; whatever {@link downloadModel} throws
 */
export async function modelPath(terminal: Terminal, model: string): Promise<string> {
  const isThere = await stat(model).then(
    () => true,
    () => false,
  );
  if (isThere) return model;
  const name = parseHubName(model);
  if (name !== undefined) {
    try {
      return (await downloadModel(terminal, name)).path;
    } catch (error) {
      if (!HybraError.isInstance(error) || error.code !== 'E_IO') throw error;
      throw new HybraError(
        'E_IO',
        `there is no folder or file ${model} here, and as a model of the hub: ${error.message}`,
        { ...error.details, model },
        { cause: error },
      );
    }
  }
  throw new HybraError(
    'E_IO',
    `there is no folder or file ${model}, and it is no name of a model on the hub (owner/name or owner/name@revision). Check the path.`,
    { model },
  );
}

/** Brings a model of the hub into the cache and shows how far it is. @throws as `localSnapshot` */
export async function downloadModel(terminal: Terminal, name: HubName): Promise<LocalSnapshot> {
  // Only those who download pay for loading the client.
  const [{ localSnapshot }, { hubSettings }] = await Promise.all([
    import('../hub/local-snapshot.js'),
    import('../hub/hub-settings.js'),
  ]);
  const bar = progressBar(terminal, 'downloading', 'MiB');
  try {
    return await localSnapshot(name, {
      settings: hubSettings(),
      signal: terminal.signal,
      onProgress: (done, total) => bar.update(Math.round(done / 2 ** 20), Math.round(total / 2 ** 20)),
      onNote: (line) => terminal.note(terminal.colours.dim(line)),
    });
  } finally {
    bar.stop();
  }
}
