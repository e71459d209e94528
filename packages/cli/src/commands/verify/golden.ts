import { HybraError } from '@hybra/spec';
import { type Directory, openSafetensors } from '@hybra/weights';

/** A golden file: what another implementation computed for a checkpoint, without a cache. */
export interface Golden {
  /** `[batch][length]` */
  readonly inputIds: readonly (readonly number[])[];
  /** f32[batch, length, vocabulary] */
  readonly logits: Float32Array;
  readonly promptIds: readonly number[];
  /** The prompt and its greedy continuation. */
  readonly greedyIds: readonly number[];
}

/** Reads `golden.safetensors`. @throws E_FORMAT, E_IO */
export async function readGolden(directory: Directory, vocabularySize: number): Promise<Golden> {
  const file = await directory.open('golden.safetensors');
  if (!file) {
    throw new HybraError(
      'E_IO',
      `${directory.name} has no golden.safetensors. verify compares with one: input_ids i32[batch, length], logits f32[batch, length, vocabulary], prompt_ids i32[1, p], greedy_ids i32[1, p + n].`,
    );
  }
  try {
    const source = await openSafetensors(file);
    const read = async (
      name: string,
      dtype: string,
      rank: number,
    ): Promise<{ shape: readonly number[]; bytes: ArrayBuffer }> => {
      const entry = source.entries.get(name);
      if (entry?.dtype !== dtype || entry.shape.length !== rank) {
        throw new HybraError(
          'E_FORMAT',
          `golden.safetensors: ${name} is ${entry ? `${entry.dtype}[${entry.shape.join(', ')}]` : 'missing'}, expected ${dtype} of rank ${rank}.`,
          { name },
        );
      }
      const bytes = await source.read(name);
      return { shape: entry.shape, bytes: bytes.slice().buffer };
    };
    const input = await read('input_ids', 'i32', 2);
    const logits = await read('logits', 'f32', 3);
    const prompt = await read('prompt_ids', 'i32', 2);
    const greedy = await read('greedy_ids', 'i32', 2);
    const [batch, length] = input.shape as [number, number];
    if (logits.shape.join() !== [batch, length, vocabularySize].join()) {
      throw new HybraError(
        'E_FORMAT',
        `golden.safetensors: logits are [${logits.shape.join(', ')}], expected [${batch}, ${length}, ${vocabularySize}] for these input_ids and this model.`,
      );
    }
    const ids = new Int32Array(input.bytes);
    const promptIds = [...new Int32Array(prompt.bytes)];
    const greedyIds = [...new Int32Array(greedy.bytes)];
    if (
      promptIds.length === 0 ||
      greedyIds.length <= promptIds.length ||
      promptIds.some((id, at) => greedyIds[at] !== id)
    ) {
      throw new HybraError(
        'E_FORMAT',
        'golden.safetensors: greedy_ids must begin with prompt_ids and go on.',
      );
    }
    return {
      inputIds: Array.from({ length: batch }, (_, row) => [
        ...ids.subarray(row * length, (row + 1) * length),
      ]),
      logits: new Float32Array(logits.bytes),
      promptIds,
      greedyIds,
    };
  } finally {
    await file.close();
  }
}
