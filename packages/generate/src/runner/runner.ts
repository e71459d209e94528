import type { SequenceModel } from '@hybra/layers';
import { HybraError } from '@hybra/spec';
import { disposeTensor, readback, type Tensor, zerosOn } from '@hybra/tensor';
import { type SequenceRow, SequenceState } from '../state/sequence-state.js';
import { type ForwardOptions, feed, paddedIds, type TokenRows } from './feed.js';
import { PoolRuntime } from './pool-runtime.js';
import { longestChunk } from './prefill-chunks.js';

/** Options of {@link Runner}. */
export interface RunnerOptions {
  /** Sequences to make room for at first; more are added as needed. Default is 1. */
  readonly slots?: number;
  /** Tokens to make room for at first in states that grow. Default is 256. */
  readonly capacity?: number;
  /** Bytes of device memory that compiled programs may hold. Default is 512 MiB. */
  readonly programBytes?: number;
  /** Overrides the model's context length; `Infinity` lifts it. */
  readonly contextLength?: number;
}

/** Logits on the host, row-major. */
export interface HostLogits {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Runs a model: `initialState`, then `forward(tokens, state)` as often as needed. Continuing from a state
 * equals running the whole sequence at once.
 * @example
 * const runner = new Runner(model);
 * const { logits, state } = await runner.forward([[5, 6, 7]], runner.initialState());
 */
export class Runner {
  readonly model: SequenceModel;
  /** Pools and programs, for those who write programs of their own over them. */
  readonly runtime: PoolRuntime;
  /** Tokens a sequence may have; `Infinity` where nothing limits it. */
  readonly contextLength: number;

  constructor(model: SequenceModel, options: RunnerOptions = {}) {
    this.model = model;
    this.contextLength = options.contextLength ?? model.contextLength ?? Number.POSITIVE_INFINITY;
    this.runtime = new PoolRuntime(model, {
      slots: options.slots ?? 1,
      capacity: Math.min(options.capacity ?? 256, this.contextLength),
      programBytes: options.programBytes ?? 512 * 2 ** 20,
    });
  }

  /** The state before any token, for `batch` sequences. @throws E_ARGUMENT, E_OUT_OF_MEMORY */
  initialState(batch = 1): SequenceState {
    if (!Number.isInteger(batch) || batch < 1) {
      throw new HybraError('E_ARGUMENT', `initialState: batch is ${batch}, expected an integer from 1.`, {
        batch,
      });
    }
    const { pools } = this.runtime;
    this.runtime.reserve(batch, 0);
    const rows = Array.from({ length: batch }, (): SequenceRow => {
      const slot = pools.slots.take();
      pools.clearSlot(slot.index);
      return { slot, position: 0 };
    });
    return new SequenceState(pools, rows);
  }

  /**
   * Continues each sequence by its tokens.
   * @param tokens one list per sequence of the state; lengths may differ, none may be empty
   * @param state spent by the call; fork it to keep it
   * @returns logits `f32[B, V]` after the last token of each, and the state after exactly these tokens
   * @throws E_ARGUMENT, E_CONTEXT_LENGTH, E_DISPOSED (the state is as it was); E_ABORTED, E_DEVICE_LOST
   */
  async forward(
    tokens: TokenRows,
    state: SequenceState,
    options: ForwardOptions = {},
  ): Promise<{ logits: HostLogits; state: SequenceState }> {
    const result = await this.forwardOnDevice(tokens, state, options);
    try {
      const data = (await readback(result.logits, options.signal)) as Float32Array;
      return { logits: { shape: result.logits.shape, data }, state: result.state };
    } finally {
      disposeTensor(result.logits);
    }
  }

  /** Like {@link forward}, but the logits stay on the device: a tensor `f32[B, V]` that the caller owns. */
  async forwardOnDevice(
    tokens: TokenRows,
    state: SequenceState,
    options: ForwardOptions = {},
  ): Promise<{ logits: Tensor; state: SequenceState }> {
    requireTokens(tokens);
    let logits = zerosOn(this.model.device, [tokens.length, this.model.vocabularySize], 'f32', 'logits');
    try {
      const next = await feed(
        this.runtime,
        tokens,
        state,
        this.contextLength,
        options,
        ({ offset, time }) => {
          const endsHere = tokens.some((row) => row.length > offset && row.length <= offset + time);
          if (!endsHere) return { mode: 'state' };
          return {
            mode: 'last',
            states: { logits },
            done: ({ states }) => {
              logits = states.logits!;
            },
          };
        },
      );
      return { logits, state: next };
    } catch (error) {
      disposeTensor(logits);
      throw error;
    }
  }

  /** Continues each sequence without computing logits. Arguments and errors as in {@link forward}. */
  advance(tokens: TokenRows, state: SequenceState, options: ForwardOptions = {}): Promise<SequenceState> {
    return feed(this.runtime, tokens, state, this.contextLength, options, () => ({ mode: 'state' }));
  }

  /**
   * Logits after every token. Arguments and errors as in {@link forward}.
   * @returns logits `f32[B, T, V]`, T the longest row; zeros after a shorter row's end
   */
  async forwardAll(
    tokens: TokenRows,
    state: SequenceState,
    options: ForwardOptions = {},
  ): Promise<{ logits: HostLogits; state: SequenceState }> {
    const longest = Math.max(0, ...tokens.map((row) => row.length));
    const width = this.model.vocabularySize;
    const data = new Float32Array(tokens.length * longest * width);
    const next = await feed(
      this.runtime,
      tokens,
      state,
      this.contextLength,
      { longestChunk, ...options },
      ({ time, offset, lengths }) => ({
        mode: 'all',
        done: async ({ outputs }) => {
          const part = (await readback(outputs.logits!, options.signal)) as Float32Array;
          for (const [row, length] of lengths.entries()) {
            const from = row * time * width;
            data.set(part.subarray(from, from + length * width), (row * longest + offset) * width);
          }
        },
      }),
    );
    return { logits: { shape: [tokens.length, longest, width], data }, state: next };
  }

  /**
   * Loss of each target given the tokens before it. Arguments and errors as in {@link forward}.
   * @param targets shaped as `tokens`: the token that follows each, or −1 for none (its loss is 0)
   * @returns losses in nats, shaped as `tokens`
   */
  async loss(
    tokens: TokenRows,
    targets: TokenRows,
    state: SequenceState,
    options: ForwardOptions = {},
  ): Promise<{ losses: number[][]; state: SequenceState }> {
    const losses: number[][] = tokens.map(() => []);
    const next = await feed(
      this.runtime,
      tokens,
      state,
      this.contextLength,
      { longestChunk, ...options },
      (chunk) => ({
        mode: 'loss',
        inputs: { targets: paddedIds(targets, chunk, -1) },
        done: async ({ outputs }) => {
          const part = (await readback(outputs.loss!, options.signal)) as Float32Array;
          for (const [row, length] of chunk.lengths.entries()) {
            losses[row]!.push(...part.subarray(row * chunk.time, row * chunk.time + length));
          }
        },
      }),
    );
    return { losses, state: next };
  }

  /** Frees pools and programs; the model stays. Idempotent. */
  dispose(): void {
    this.runtime.dispose();
  }
}

function requireTokens(tokens: TokenRows): void {
  const row = tokens.findIndex((ids) => ids.length === 0);
  if (row < 0) return;
  throw new HybraError(
    'E_ARGUMENT',
    `forward: sequence ${row} has no tokens, so there are no logits after them.`,
    { row },
  );
}
