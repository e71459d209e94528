import { Runner } from '@hybra/generate';
import type { Model } from '@hybra/models';

/** Tokens that compile all programs of a longer prompt: chunks without logits, and one with. */
const warmUpTokens = 4096;

/** Tokens a second of a prompt of one sequence, the logits after its last token included: the best of two runs. */
export async function prefillSpeed(model: Model, length: number): Promise<number> {
  const runner = new Runner(model, {
    capacity: length,
    contextLength: Number.POSITIVE_INFINITY,
    programBytes: Number.POSITIVE_INFINITY,
  });
  const run = async (tokens: number): Promise<number> => {
    const prompt = Array.from({ length: tokens }, (_, index) => (index * 7919) % model.vocabularySize);
    const begun = performance.now();
    const { state } = await runner.forward([prompt], runner.initialState());
    const seconds = (performance.now() - begun) / 1000;
    state.dispose();
    return seconds;
  };
  try {
    await run(Math.min(length, warmUpTokens));
    return length / Math.min(await run(length), await run(length));
  } finally {
    runner.dispose();
  }
}
