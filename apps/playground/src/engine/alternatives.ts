import type { Branch } from './branch.js';
import type { Alternative } from './protocol.js';
import type { Session } from './session.js';

/**
 * What could have come after the first `position` tokens of a branch: softmax of the logits, most probable
 * first. The state of that moment is restored, and kept.
 * @throws E_CONTEXT_LENGTH, E_ABORTED, E_DEVICE_LOST
 */
export async function alternatives(
  { runner, tokenizer }: Session,
  branch: Branch,
  position: number,
  count: number,
): Promise<readonly Alternative[]> {
  const { state, feed } = branch.startBefore(position);
  const { logits, state: next } = await runner.forward([feed], state);
  branch.keep(next);
  const { data } = logits;
  const largest = data.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const total = data.reduce((sum, value) => sum + Math.exp(value - largest), 0);
  return Array.from(data, (value, id) => ({ id, probability: Math.exp(value - largest) / total }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count)
    .map(({ id, probability }) => ({ token: { id, text: tokenizer.decode([id]) }, probability }));
}
