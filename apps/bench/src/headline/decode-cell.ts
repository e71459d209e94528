import { Runner, type SequenceState, startGeneration } from '@hybra/generate';
import type { Model } from '@hybra/models';
import { storedValueOf } from '@hybra/tensor';
import { fillOnDevice, randomPattern } from './fill-on-device.js';

/** Steps before the first that is timed: the program is compiled, run once and captured as a graph. */
const warmUpSteps = 4;

/**
 * Seconds of a greedy decode step at the end of each context, as a user of `startGeneration` gets them, one after
 * another from pools that hold the longest. States, keys and values are random numbers instead of those of a prompt: the
 * time of a step does not depend on them.
 */
export async function* decodeSeconds(
  model: Model,
  { contexts, batch }: { readonly contexts: readonly number[]; readonly batch: number },
  steps: number,
): AsyncGenerator<{ readonly context: number; readonly seconds: number }> {
  const runner = new Runner(model, {
    slots: batch,
    capacity: Math.max(...contexts),
    contextLength: Number.POSITIVE_INFINITY,
    programBytes: Number.POSITIVE_INFINITY,
  });
  try {
    for (const context of contexts) {
      // The prompt's token and all steps end exactly where the context does.
      const state = randomState(runner, batch, context - warmUpSteps - steps - 1);
      const prompts = Array.from({ length: batch }, (_, row) => [row % model.vocabularySize]);
      const generation = await startGeneration(runner, prompts, state, {
        sampling: { temperature: 0 },
        maxTokens: 1 + warmUpSteps + steps,
      });
      for (let step = 0; step <= warmUpSteps; step++) await generation.next();
      const begun = performance.now();
      for (let step = 0; step < steps; step++) {
        if ((await generation.next()) === undefined) throw new Error('the generation ended early');
      }
      const seconds = (performance.now() - begun) / 1000 / steps;
      generation.dispose();
      yield { context, seconds };
    }
  } finally {
    runner.dispose();
  }
}

/** A state of random numbers that says it has seen so many tokens. */
function randomState(runner: Runner, batch: number, position: number): SequenceState {
  const { device } = runner.model;
  const empty = runner.initialState(batch);
  for (const { tensor } of runner.runtime.pools.pools) {
    const pattern = randomPattern(device, tensor.dtype === 'bf16' ? 'bf16' : 'f32', 1);
    fillOnDevice(device, storedValueOf(tensor, 'state').storage.buffer, tensor.byteLength, pattern);
    pattern.dispose();
  }
  return empty.continued(empty.spend('headline').map(({ slot }) => ({ slot, position })));
}
