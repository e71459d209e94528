import { HybraError, throwIfAborted } from '@hybra/spec';
import type { RunResult, Tensor } from '@hybra/tensor';
import type { SequenceRow, SequenceState } from '../state/sequence-state.js';
import { type ForwardMode, forwardProgram } from './forward-program.js';
import type { PoolRuntime } from './pool-runtime.js';
import { fullChunk, longestChunk, type PrefillChunk, prefillChunks, singleSteps } from './prefill-chunks.js';

/** Tokens to feed: one list per sequence of the state, of any lengths; an empty one leaves its sequence alone. */
export type TokenRows = readonly (readonly number[])[];

/** Options of a forward pass. */
export interface ForwardOptions {
  readonly signal?: AbortSignal;
  /** Called after each chunk is enqueued: tokens done, tokens in all. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Go token by token through the recurrent form instead of in chunks. Default is `false`. */
  readonly stepwise?: boolean;
  /**
   * Most tokens of a chunk: 256, 1024 or 2048. Default is what the device needs to be busy; 256 where every token's
   * logits are computed. Models with sliding windows always take 256.
   */
  readonly longestChunk?: number;
}

/** What a chunk computes besides the state, what else it binds, and what is done with its results. */
export interface ChunkPlan {
  readonly mode: ForwardMode;
  readonly inputs?: Readonly<Record<string, Int32Array>>;
  readonly states?: Readonly<Record<string, Tensor>>;
  readonly done?: (result: RunResult) => void | Promise<void>;
}

/**
 * Feeds tokens to a state chunk by chunk. Everything that can be wrong with the arguments, and the first
 * compilation, is settled before the state is spent; a failure or an abort between chunks loses it.
 */
export async function feed(
  runtime: PoolRuntime,
  tokens: TokenRows,
  state: SequenceState,
  contextLength: number,
  options: ForwardOptions,
  planChunk: (chunk: PrefillChunk, isLast: boolean) => ChunkPlan,
): Promise<SequenceState> {
  checkTokens(runtime, tokens, state);
  const lengths = tokens.map((row) => row.length);
  checkContext(state.positions, lengths, contextLength);
  throwIfAborted(options.signal, 'forward');
  const { model, pools } = runtime;
  // Rings of sliding windows have room for chunks of one length, wherever their states come from.
  const most = pools.hasWindows
    ? longestChunk
    : (options.longestChunk ?? fullChunk([model.device, ...model.devices], tokens.length));
  const chunks = options.stepwise ? singleSteps(lengths) : prefillChunks(lengths, most);
  const programFor = ({ time }: PrefillChunk, mode: ForwardMode) =>
    runtime.program(`${mode} ${tokens.length} × ${time}`, () =>
      forwardProgram(model, pools, { batch: tokens.length, time, mode }, options.signal),
    );
  const shared = state.rows.filter(({ slot }) => slot.references > 1).length;
  runtime.reserve(shared, Math.max(...state.positions.map((position, row) => position + lengths[row]!)));
  await programFor(chunks[0]!, planChunk(chunks[0]!, chunks.length === 1).mode);

  let rows: readonly SequenceRow[] = runtime.own(state.spend('forward'));
  try {
    for (const [index, chunk] of chunks.entries()) {
      const { mode, inputs, states, done } = planChunk(chunk, index === chunks.length - 1);
      const program = await programFor(chunk, mode);
      throwIfAborted(options.signal, 'forward');
      const result = runtime.run(program, {
        inputs: { ...rowInputs(rows, chunk.lengths), ids: paddedIds(tokens, chunk, 0), ...inputs },
        ...(states && { states }),
      });
      rows = rows.map(({ slot, position }, row) => ({ slot, position: position + chunk.lengths[row]! }));
      await done?.(result);
      options.onProgress?.(chunk.offset + Math.max(...chunk.lengths), Math.max(...lengths));
    }
  } catch (error) {
    state.continued(rows).dispose();
    throw error;
  }
  return state.continued(rows);
}

/** Slots, starts and lengths of a batch's rows, as the programs take them; rows without tokens are inactive. */
function rowInputs(rows: readonly SequenceRow[], lengths: readonly number[]): Record<string, Int32Array> {
  return {
    slots: Int32Array.from(rows, ({ slot }, row) => (lengths[row] === 0 ? -1 : slot.index)),
    starts: Int32Array.from(rows, ({ position }) => position),
    lengths: Int32Array.from(lengths),
  };
}

/** The chunk's part of every row, padded on the right. */
export function paddedIds(
  rows: TokenRows,
  { time, offset, lengths }: PrefillChunk,
  padding: number,
): Int32Array {
  const ids = new Int32Array(rows.length * time).fill(padding);
  for (const [index, row] of rows.entries()) {
    for (let t = 0; t < lengths[index]!; t++) ids[index * time + t] = row[offset + t]!;
  }
  return ids;
}

function checkTokens({ model, pools }: PoolRuntime, tokens: TokenRows, state: SequenceState): void {
  state.assertUsable('forward');
  if (!state.belongsTo(pools)) {
    throw new HybraError(
      'E_ARGUMENT',
      'forward: the state belongs to another runner. Serialise it there and restore it here.',
    );
  }
  if (tokens.length !== state.batch) {
    throw new HybraError(
      'E_ARGUMENT',
      `forward: got tokens of ${tokens.length} sequences for a state of ${state.batch}.`,
      {
        got: tokens.length,
        expected: state.batch,
      },
    );
  }
  if (tokens.every((ids) => ids.length === 0)) {
    throw new HybraError('E_ARGUMENT', 'forward: there are no tokens. Give at least one.');
  }
  for (const [row, ids] of tokens.entries()) {
    const at = ids.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= model.vocabularySize);
    if (at >= 0) {
      throw new HybraError(
        'E_ARGUMENT',
        `forward: token ${at} of sequence ${row} is ${ids[at]}, expected an id from 0 to ${model.vocabularySize - 1}. Is this the model's tokenizer?`,
        { row, at, id: ids[at] },
      );
    }
  }
}

/** Checks that this many tokens may follow these positions. @throws E_CONTEXT_LENGTH */
function checkContext(positions: readonly number[], added: readonly number[], contextLength: number): void {
  for (const [row, position] of positions.entries()) {
    if (position + added[row]! <= contextLength) continue;
    throw new HybraError(
      'E_CONTEXT_LENGTH',
      `${position > 0 ? `${position} tokens in the state and ` : ''}${added[row]} new ones pass the model's context of ${contextLength}. Shorten the input, or lift the limit with contextLength if the model can go further.`,
      { position, added: added[row], contextLength },
    );
  }
}
