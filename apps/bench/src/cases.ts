import { type HybridConfig, type PresetName, preset } from '@hybra/models';

/** A model of a published shape. */
export interface BenchModel {
  readonly name: string;
  /** Left out unless it is named, because it takes gigabytes. */
  readonly isLarge: boolean;
  config(): HybridConfig;
}

/** The published 130M models share B and C between all heads. */
function withOneGroup(config: HybridConfig): HybridConfig {
  return {
    ...config,
    layers: config.layers.map((layer) => (layer.kind === 'mamba2' ? { ...layer, groups: 1 } : layer)),
  };
}

/** With the activation of Nemotron-H, the one that llama.cpp computes hybrids with. */
function withSquaredRelu(config: HybridConfig): HybridConfig {
  return {
    ...config,
    layers: config.layers.map((layer) => (layer.kind === 'mlp' ? { ...layer, activation: 'relu2' } : layer)),
  };
}

/** Twice as wide and twice as deep: state-spaces/mamba2-780m. */
function doubled(config: HybridConfig): HybridConfig {
  const wide = config.layers.map((layer) =>
    layer.kind === 'mamba2' ? { ...layer, heads: 2 * layer.heads } : layer,
  );
  return { ...config, hiddenSize: 2 * config.hiddenSize, layers: [...wide, ...wide] };
}

function named(name: string, of: PresetName, change: (config: HybridConfig) => HybridConfig): BenchModel {
  return { name, isLarge: name.endsWith('780m'), config: () => change(preset(of)) };
}

/** The models that are measured. */
export const benchModels: readonly BenchModel[] = [
  named('mamba2-130m', 'mamba2-130m', withOneGroup),
  named('mamba-130m', 'mamba-130m', (config) => config),
  named('hybrid-135m', 'mamba2-hybrid-130m', (config) => withSquaredRelu(withOneGroup(config))),
  named('mamba2-780m', 'mamba2-130m', (config) => doubled(withOneGroup(config))),
];

/** What is done with a model. */
export interface BenchTask {
  readonly name: string;
  readonly kind: 'prefill' | 'decode';
  readonly tokens: number;
}

/** Prompts and continuations of the usual lengths. */
export const benchTasks: readonly BenchTask[] = [
  { name: 'prefill 512', kind: 'prefill', tokens: 512 },
  { name: 'prefill 2048', kind: 'prefill', tokens: 2048 },
  { name: 'decode 128', kind: 'decode', tokens: 128 },
];
