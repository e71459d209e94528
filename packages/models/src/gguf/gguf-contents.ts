import { type Directory, type GgufToWrite, openCheckpoint, readJson } from '@hybra/weights';
import { toGguf } from './to-gguf.js';
import type { GgufOutputType } from './write/tensor-type.js';

/** Contents of a GGUF file, made from a checkpoint; tensors are read when they are asked for. */
export interface GgufContents extends GgufToWrite {
  /** Closes the checkpoint. */
  close(): Promise<void>;
}

/** The checkpoint in a folder and its tokenizer as a GGUF file. @throws as `toGguf` */
export async function ggufContents(
  directory: Directory,
  type: GgufOutputType,
  signal?: AbortSignal,
): Promise<GgufContents> {
  const config = await readJson(directory, 'config.json', signal ? { signal } : {});
  const weights = await openCheckpoint(directory, signal);
  try {
    const contents = await toGguf({ config, weights }, { type, tokenizer: directory, signal });
    return { ...contents, close: () => weights.close() };
  } catch (error) {
    await weights.close();
    throw error;
  }
}
