import { type HybridConfig, type LayerConfig, parameterCount, parseConfig, patternOf } from '@hybra/models';
import { HybraError } from '@hybra/spec';
import { formatBytes } from '@hybra/tensor';
import { openCheckpoint, readJson, type WeightSource } from '@hybra/weights';
import { modelDirectory } from '../session/open-session.js';
import type { ExitCode, Terminal } from '../session/terminal.js';

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
  const { name, directory } = modelDirectory(folder);
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
  const constantBytes = config.layers.reduce((sum, layer) => sum + stateBytes(layer).constant, 0);
  const bytesPerToken = config.layers.reduce((sum, layer) => sum + stateBytes(layer).perToken, 0);
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

function describeLayer(layer: LayerConfig): string {
  switch (layer.kind) {
    case 'mamba':
      return `Mamba: ${layer.innerSize} channels, state ${layer.stateSize}`;
    case 'mamba2':
      return `Mamba-2: ${layer.heads} heads of ${layer.headSize}, state ${layer.stateSize}, ${layer.groups} groups, chunks of ${layer.chunkSize}`;
    case 'attention':
      return `attention: ${layer.heads} query and ${layer.keyValueHeads} key heads of ${layer.headSize}, ${layer.rope ? 'RoPE' : 'no position embedding'}${layer.window === undefined ? '' : `, window ${layer.window}`}`;
    case 'mlp':
      return `MLP: ${layer.innerSize}, ${layer.activation}${layer.gated ? ', gated' : ''}`;
  }
}

/** Bytes of a layer's state in float32: what is constant, and what each token adds. */
function stateBytes(layer: LayerConfig): { readonly constant: number; readonly perToken: number } {
  switch (layer.kind) {
    case 'mamba':
      return { constant: 4 * layer.innerSize * (layer.stateSize + layer.kernelSize - 1), perToken: 0 };
    case 'mamba2': {
      const inner = layer.heads * layer.headSize;
      const channels = inner + 2 * layer.groups * layer.stateSize;
      return { constant: 4 * (inner * layer.stateSize + channels * (layer.kernelSize - 1)), perToken: 0 };
    }
    case 'attention':
      return { constant: 0, perToken: 8 * layer.keyValueHeads * layer.headSize };
    case 'mlp':
      return { constant: 0, perToken: 0 };
    default:
      throw new HybraError('E_CONFIG', `inspect: unknown layer ${JSON.stringify(layer satisfies never)}.`);
  }
}
