import type { Model } from '@hybra/models';
import { throwIfAborted } from '@hybra/spec';
import { disposeTensor, readback, type Tensor, zerosOn } from '@hybra/tensor';
import type { Inside } from '../protocol.js';
import { InsideParts } from './inside-parts.js';
import { probeProgram, probeStates } from './probe-program.js';

/** Tokens per run of the probe. */
const chunk = 64;
const mostShown = 512;
/** Bytes of all maps together, one byte a weight. */
const mapBytes = 32 * 2 ** 20;

/** How looking inside is followed and stopped. */
export interface LookInsideOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/**
 * Processes tokens again, from the empty state, and tells what the layers did with the last of them.
 * @param ids at least one
 * @throws E_ABORTED, E_OUT_OF_MEMORY, E_DEVICE_LOST
 */
export async function lookInside(
  model: Model,
  ids: readonly number[],
  { signal, onProgress = () => {} }: LookInsideOptions = {},
): Promise<Inside> {
  const count = Math.min(ids.length, tokensShown(model));
  const from = ids.length - count;
  const capacity = Math.max(chunk, 2 ** Math.ceil(Math.log2(ids.length)));
  const shown = Math.min(capacity, 2 ** Math.ceil(Math.log2(count)));
  const program = await probeProgram(model, { time: chunk, capacity, shown }, signal);
  let states: Readonly<Record<string, Tensor>> = Object.fromEntries(
    Object.entries(probeStates(model, capacity)).map(([name, { shape, dtype }]) => [
      name,
      zerosOn(model.device, shape, dtype),
    ]),
  );
  const parts = new InsideParts(from, count);
  try {
    for (let start = 0; start < ids.length; start += chunk) {
      throwIfAborted(signal, 'looking inside');
      const tokens = ids.slice(start, start + chunk);
      const padded = new Int32Array(chunk);
      padded.set(tokens);
      const one = (value: number): Int32Array => Int32Array.of(value);
      const result = program.run({
        inputs: { ids: padded, start: one(start), length: one(tokens.length), from: one(from) },
        states,
      });
      states = result.states;
      if (start + tokens.length > from) {
        for (const [name, tensor] of Object.entries(result.outputs)) {
          const values = (await readback(tensor, signal)) as Float32Array;
          parts.take(name, { start, length: tokens.length, shape: tensor.shape, values });
        }
      } else if (Object.keys(result.outputs).length > 0) {
        // Waits, so that an abort is heard between chunks.
        await readback(Object.values(result.outputs)[0]!, signal);
      }
      onProgress({ done: start + tokens.length, total: ids.length });
    }
  } finally {
    for (const tensor of Object.values(states)) disposeTensor(tensor);
    program.dispose();
  }
  return parts.whole();
}

/** As many tokens as the maps of all attention layers have room for. */
function tokensShown({ config }: Model): number {
  const perPair = Math.max(1, attentionHeads(config));
  return Math.max(64, Math.min(mostShown, Math.floor(Math.sqrt(mapBytes / perPair))));
}

/** Heads of all attention in a configuration, however deep inside other layers. */
function attentionHeads(config: unknown): number {
  if (typeof config !== 'object' || config === null) return 0;
  const { kind, heads } = config as { kind?: unknown; heads?: unknown };
  const own = kind === 'attention' && typeof heads === 'number' ? heads : 0;
  return Object.values(config).reduce<number>((sum, part) => sum + attentionHeads(part), own);
}
