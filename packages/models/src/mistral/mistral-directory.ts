import {
  bytesSource,
  type Directory,
  openCheckpoint,
  openSafetensors,
  readOptionalJson,
  type WeightSource,
} from '@hybra/weights';
import { mistralMambaConfig } from './mistral-mamba-config.js';

const paramsFile = 'params.json';
const weightsFile = 'consolidated.safetensors';
const prefix = 'model.';

/**
 * A folder that may be in the layout of Mistral's own releases of Codestral Mamba (`params.json` beside
 * `consolidated.safetensors`) as that of a checkpoint: a `config.json` of mamba_ssm, and tensors by its names. A folder
 * with a `config.json` stays as it is.
 * @throws (by its methods) E_CONFIG for a model other than Mamba; E_FORMAT, E_IO, E_ABORTED
 */
export function mistralDirectory(directory: Directory): Directory {
  const params = async (signal?: AbortSignal): Promise<unknown> => {
    const config = await directory.open('config.json', signal);
    await config?.close();
    return config ? undefined : readOptionalJson(directory, paramsFile, signal ? { signal } : {});
  };
  return {
    name: directory.name,
    async open(fileName, signal) {
      const file = await directory.open(fileName, signal);
      if (file || fileName !== 'config.json') return file;
      const json = await params(signal);
      if (json === undefined) return undefined;
      const config = new TextEncoder().encode(JSON.stringify(mistralMambaConfig(json)));
      return bytesSource(config, `${directory.name}/${paramsFile}`);
    },
    async openWeights(signal) {
      if ((await params(signal)) === undefined) return openCheckpoint(directory, signal);
      const file = await directory.open(weightsFile, signal);
      return file ? withoutPrefix(await openSafetensors(file, signal)) : openCheckpoint(directory, signal);
    },
  };
}

function withoutPrefix(source: WeightSource): WeightSource {
  const short = (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : name);
  const stored = new Map([...source.entries.keys()].map((name) => [short(name), name]));
  const entries = [...source.entries.values()].map((entry) => ({ ...entry, name: short(entry.name) }));
  return {
    entries: new Map(entries.map((entry) => [entry.name, entry])),
    metadata: source.metadata,
    read: (name, signal) => source.read(stored.get(name) ?? name, signal),
    close: () => source.close(),
  };
}
