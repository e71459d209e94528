import { type HybridConfig, parameterCount, parseConfig, patternOf } from '@hybra/models';
import { formatBytes } from '@hybra/tensor';
import { openCheckpoint, readJson, type WeightSource } from '@hybra/weights';
import { modelDirectory } from '../session/open-session.js';
import type { ExitCode, Terminal } from '../session/terminal.js';
import { describeLayer, stateBytes } from './inspect/describe-layer.js';

/** Options of `hybra inspect`. */
export interface InspectOptions {
  readonly tensors?: boolean;
  readonly json?: boolean;
}

/** Describes a checkpoint from its configuration and headers alone: no weights are read. */
export async function inspect(
  terminal: Terminal,
  folder: string | undefined,
  options: InspectOptions,
): Promise<ExitCode> {
  const { name, directory } = await modelDirectory(terminal, folder);
  const config = parseConfig(await readJson(directory, 'config.json', { signal: terminal.signal }));
  const source = await openCheckpoint(directory, terminal.signal);
  try {
    const summary = summarize(name, config, source);
    if (options.json) {
      const tensors = options.tensors ? [...source.entries.values()] : undefined;
      terminal.out(`${JSON.stringify({ ...summary, config, tensors }, null, 2)}\n`);
      return 0;
    }
    const { state } = summary;
    terminal.out(
      [
        `${name}: ${config.family}`,
        `parameters   ${summary.parameters.toLocaleString('en')} in ${summary.tensors} tensors, ${formatBytes(summary.bytes)} (${summary.dtypes.join(', ')})`,
        `layers       ${config.layers.length}: ${summary.pattern}`,
        ...summary.kinds.map((kind) => `             ${kind}`),
        `width        ${config.hiddenSize}, vocabulary ${config.vocabularySize}${config.isTied ? ', head tied to the embedding' : ''}`,
        `context      ${config.contextLength === undefined ? 'not limited' : `${config.contextLength} tokens`}`,
        `state        ${formatBytes(state.constantBytes)} per sequence${state.bytesPerToken > 0 ? ` and ${formatBytes(state.bytesPerToken)} for each token` : ', however long'} (float32)`,
        '',
      ].join('\n'),
    );
    if (options.tensors) {
      for (const entry of source.entries.values())
        terminal.out(`${entry.name} ${entry.dtype}[${entry.shape.join(', ')}]\n`);
    }
    return 0;
  } finally {
    await source.close();
  }
}

function summarize(name: string, config: HybridConfig, source: WeightSource) {
  const entries = [...source.entries.values()];
  const constantBytes = config.layers.reduce(
    (sum, layer) => sum + stateBytes(layer, config.hiddenSize).constant,
    0,
  );
  const bytesPerToken = config.layers.reduce(
    (sum, layer) => sum + stateBytes(layer, config.hiddenSize).perToken,
    0,
  );
  const kinds = new Map<string, number>();
  for (const layer of config.layers) {
    const description = describeLayer(layer);
    kinds.set(description, (kinds.get(description) ?? 0) + 1);
  }
  return {
    name,
    family: config.family,
    parameters: parameterCount(config),
    tensors: entries.length,
    bytes: entries.reduce((sum, { byteLength }) => sum + byteLength, 0),
    dtypes: [...new Set(entries.map(({ dtype }) => dtype))],
    pattern: patternOf(config),
    kinds: [...kinds].map(([description, count]) => `${count} × ${description}`),
    state: { constantBytes, bytesPerToken },
  };
}
