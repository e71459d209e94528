import { loadTokenizerFrom, Runner } from '@hybra/generate';
import { loadModel, type Model } from '@hybra/models';
import type { Device } from '@hybra/spec';
import type { Tokenizer } from '@hybra/tokenizer';
import { Branch } from './branch.js';
import { modelDirectory } from './model-directory.js';
import { modelFacts } from './model-facts.js';
import { openDevice } from './open-device.js';
import type { EngineCalls, ModelFacts, Opening } from './protocol.js';

/** An open model and the branches written with it. */
export interface Session {
  readonly facts: ModelFacts;
  readonly device: Device;
  readonly model: Model;
  readonly runner: Runner;
  readonly tokenizer: Tokenizer;
  /** The first is there from the beginning. */
  readonly branches: Branch[];
  dispose(): Promise<void>;
}

/** How opening is followed and stopped. */
export interface OpenSessionOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: EngineCalls['open']['event']) => void;
}

/** Opens device, tokenizer and model. @throws whatever these throw; nothing stays open then */
export async function openSession(
  choice: EngineCalls['open']['argument'],
  options: OpenSessionOptions = {},
): Promise<Session> {
  const directory = modelDirectory(choice.model);
  const { device, notice } = await openDevice(choice.device);
  try {
    const tokenizer = await loadTokenizerFrom(directory, options);
    const model = await loadModel(directory, {
      device,
      signal: options.signal,
      onProgress: ({ loadedBytes, totalBytes }) => options.onProgress?.({ loadedBytes, totalBytes }),
    });
    return sessionOf({ name: directory.name, device, notice, model, tokenizer });
  } catch (error) {
    await device.dispose();
    throw error;
  }
}

/** A session of a model that is there already. */
export function sessionOf(parts: {
  readonly name: string;
  readonly device: Device;
  readonly notice: string | undefined;
  readonly model: Model;
  readonly tokenizer: Tokenizer;
  readonly opening?: Opening;
}): Session {
  const { name, device, notice, model, tokenizer, opening } = parts;
  const runner = new Runner(model);
  const { hasChatTemplate } = tokenizer;
  return {
    facts: { ...modelFacts(model), name, hasChatTemplate, device: device.name, opening, notice },
    device,
    model,
    runner,
    tokenizer,
    branches: [new Branch(runner)],
    dispose: () => device.dispose(),
  };
}
