import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Runner } from '@hybra/generate';
import { ggufDirectory, loadModel, type Model, mistralDirectory } from '@hybra/models';
import type { Device } from '@hybra/spec';
import { type Directory, folderDirectory } from '@hybra/weights';
import { defaultModel } from '../default-model.js';
import { cliRegistry } from './backends.js';
import { ggufInFolder } from './gguf-in-folder.js';
import { modelPath } from './model-path.js';
import { progressBar } from './progress.js';
import type { Terminal } from './terminal.js';

/** Options that every command on a model takes. */
export interface ModelOptions {
  readonly model?: string;
  readonly device?: string;
  readonly dtype?: 'f32' | 'f16' | 'bf16';
  readonly stateDtype?: 'f32' | 'f16' | 'bf16';
  readonly contextLength?: number;
}

/** A model open on a device. */
export interface Session extends AsyncDisposable {
  readonly name: string;
  readonly directory: Directory;
  readonly device: Device;
  readonly model: Model;
  readonly runner: Runner;
}

/**
 * The folder of a model, or its GGUF file seen as one: the bundled one without an argument; one of the hub is
 * downloaded first.
 * @throws as `modelPath`
 */
export async function modelDirectory(
  terminal: Terminal,
  model: string | undefined,
): Promise<{ readonly name: string; readonly directory: Directory }> {
  if (model === undefined)
    return { name: defaultModel.name, directory: folderDirectory(fileURLToPath(defaultModel.folder)) };
  return { name: model, directory: directoryAt(await modelPath(terminal, model)) };
}

/**
 * A folder; or a GGUF file, alone or any part of a split one, a folder with nothing but that, or a release of Mistral's
 * seen as one.
 * @throws E_ARGUMENT for a folder with several GGUF files
 */
export function directoryAt(path: string): Directory {
  const gguf = /\.gguf$/i.test(path) ? path : ggufInFolder(path);
  return gguf === undefined
    ? mistralDirectory(folderDirectory(path))
    : ggufDirectory(gguf, folderDirectory(dirname(gguf)));
}

/** Opens device and model. @throws whatever opening a device or loading a model throws */
export async function openSession(terminal: Terminal, options: ModelOptions): Promise<Session> {
  const { name, directory } = await modelDirectory(terminal, options.model);
  const device = await cliRegistry().open(options.device);
  const bar = progressBar(terminal, 'loading', 'MiB');
  try {
    const model = await loadModel(directory, {
      device,
      dtype: options.dtype,
      stateDtype: options.stateDtype,
      signal: terminal.signal,
      onProgress: ({ loadedBytes, totalBytes }) =>
        bar.update(Math.round(loadedBytes / 2 ** 20), Math.round(totalBytes / 2 ** 20)),
    });
    const runner = new Runner(
      model,
      options.contextLength === undefined ? {} : { contextLength: options.contextLength },
    );
    return {
      name,
      directory,
      device,
      model,
      runner,
      async [Symbol.asyncDispose]() {
        runner.dispose();
        model.dispose();
        await device.dispose();
      },
    };
  } catch (error) {
    await device.dispose();
    throw error;
  } finally {
    bar.stop();
  }
}
