import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTokenizerFrom } from '@hybra/generate';
import {
  type HostWeights,
  type HybridConfig,
  initialWeights,
  loadWeights,
  type PresetName,
  parseConfig,
  preset,
} from '@hybra/models';
import { HybraError } from '@hybra/spec';
import { byteTokenizer, type Tokenizer, tokenizerFileNames } from '@hybra/tokenizer';
import { huggingFaceConfig } from '@hybra/train';
import { folderDirectory, readJson } from '@hybra/weights';
import { defaultModel } from '../../default-model.js';
import { modelPath } from '../../session/model-path.js';
import type { Terminal } from '../../session/terminal.js';
import type { TrainCommandOptions } from './train-options.js';

/** Where a training starts. */
export interface StartingPoint {
  readonly config: HybridConfig;
  readonly weights: HostWeights;
  readonly tokenizer: Tokenizer;
  /** `config.json` as it will be written at the end. */
  readonly configJson: Readonly<Record<string, unknown>>;
  /** Files of the tokenizer, to be copied beside the trained weights. */
  readonly tokenizerFiles: readonly string[];
}

/**
 * A checkpoint, or a preset or the bundled model's architecture with fresh weights; with the tokenizer that was asked for, else the checkpoint's, else
 * the bundled model's.
 * @throws E_CONFIG, E_ARGUMENT, E_FORMAT, E_IO
 */
export async function startingPoint(
  terminal: Terminal,
  options: TrainCommandOptions,
): Promise<StartingPoint> {
  const { preset: name, seed } = options;
  if (options.model !== undefined && name !== undefined) {
    throw new HybraError(
      'E_ARGUMENT',
      '--model and --preset are both given: continue a model, or start a new one.',
    );
  }
  const model = options.model === undefined ? undefined : await modelPath(terminal, options.model);
  const folder = options.tokenizer ?? model ?? fileURLToPath(defaultModel.folder);
  const tokenizerFiles = folder === 'bytes' ? [] : await presentFiles(folder);
  // A file of tokens needs no tokenizer: a model without one can be trained on it.
  const isUnneeded = tokenizerFiles.length === 0 && /\.u(16|32)$/.test(options.data);
  const isBytes = folder === 'bytes' || isUnneeded;
  const tokenizer = isBytes ? byteTokenizer() : await loadTokenizerFrom(folderDirectory(folder));
  if (model !== undefined) {
    const { config, json, weights } = await loadWeights(folderDirectory(model), terminal.signal);
    if (!isUnneeded) requireVocabulary(config, tokenizer);
    return { config, weights, tokenizer, configJson: json, tokenizerFiles };
  }
  // A fresh table is as large as the tokenizer's: rounded up, as kernels like it.
  const vocabularySize = Math.ceil(tokenizer.vocabularySize / 8) * 8;
  if (name === undefined) {
    const bundled = await readJson(folderDirectory(fileURLToPath(defaultModel.folder)), 'config.json');
    const configJson = {
      ...(bundled as Record<string, unknown>),
      vocab_size: vocabularySize,
      dtype: 'float32',
    };
    const config = parseConfig(configJson);
    return { config, weights: initialWeights(config, seed), tokenizer, configJson, tokenizerFiles };
  }
  const config = preset(name as PresetName, { vocabularySize });
  // Before hours of training, not after them.
  const configJson = huggingFaceConfig(config);
  return { config, weights: initialWeights(config, seed), tokenizer, configJson, tokenizerFiles };
}

function requireVocabulary({ vocabularySize }: HybridConfig, tokenizer: Tokenizer): void {
  if (tokenizer.vocabularySize <= vocabularySize) return;
  throw new HybraError(
    'E_CONFIG',
    `the tokenizer has ${tokenizer.vocabularySize} tokens, the model ${vocabularySize}. Use the model's own tokenizer.`,
    { tokenizer: tokenizer.vocabularySize, model: vocabularySize },
  );
}

async function presentFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of new Set(Object.values(tokenizerFileNames).flat())) {
    const path = join(folder, name);
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      found.push(path);
  }
  return found;
}
