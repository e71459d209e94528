import type { SequenceModel } from '@hybra/layers';
import { disposeTensor, type Tensor, tensorOn } from '@hybra/tensor';
import type { TokenRows } from '../runner/feed.js';
import { type ResolvedSampling, sampleParameters } from '../sampling/sampling-options.js';
import type { SequenceRow } from '../state/sequence-state.js';

/** What sampling needs in device memory: constants of the generation, and what each step updates. */
export interface Sampler {
  readonly inputs: Readonly<Record<'parameters' | 'keys', Tensor>>;
  readonly states: Readonly<Record<string, Tensor>>;
}

/** Uploads the sampling state of a batch that stands after its prompts. */
export function createSampler(
  model: SequenceModel,
  rows: readonly SequenceRow[],
  sampling: readonly ResolvedSampling[],
  seen: TokenRows,
): Sampler {
  const { device, vocabularySize } = model;
  const batch = rows.length;
  const counts = new Int32Array(batch * vocabularySize);
  for (const [row, ids] of seen.entries()) for (const id of ids) counts[row * vocabularySize + id]! += 1;
  // Philox key: seed low, seed high, and the sequence's number in the batch.
  const keys = sampling.flatMap(({ seed }, row) => [seed % 2 ** 32, Math.floor(seed / 2 ** 32), row]);
  return {
    inputs: {
      parameters: tensorOn(device, sampling.flatMap(sampleParameters), [batch, 7], 'f32'),
      keys: tensorOn(device, keys, [batch, 3], 'u32'),
    },
    states: {
      slots: tensorOn(
        device,
        rows.map(({ slot }) => slot.index),
        [batch],
        'i32',
      ),
      starts: tensorOn(
        device,
        rows.map(({ position }) => position),
        [batch],
        'i32',
      ),
      token: tensorOn(
        device,
        rows.map(() => 0),
        [batch],
        'i32',
      ),
      counts: tensorOn(device, counts, [batch, vocabularySize], 'i32'),
    },
  };
}

/** Frees the sampler's memory. */
export function disposeSampler({ inputs, states }: Sampler): void {
  for (const tensor of [...Object.values(inputs), ...Object.values(states)]) disposeTensor(tensor);
}
