import { HybraError, throwIfAborted } from '@hybra/spec';
import { disposeTensor, readback, type Tensor } from '@hybra/tensor';
import { feed, type TokenRows } from '../runner/feed.js';
import type { Runner } from '../runner/runner.js';
import { resolveSampling, type SamplingOptions } from '../sampling/sampling-options.js';
import type { SequenceRow, SequenceState } from '../state/sequence-state.js';
import { CheckpointRing, checkpointInterval } from './checkpoint-ring.js';
import { chooseProgram, type DecodeShape, decodeProgram } from './decode-program.js';
import { createSampler, disposeSampler, type Sampler } from './sampler.js';

/** Options of {@link startGeneration}. */
export interface GenerationOptions {
  /** One for all sequences, or one each. */
  readonly sampling?: SamplingOptions | readonly SamplingOptions[];
  /** Tokens that end a sequence; they are not part of the result. Default is none. */
  readonly eosIds?: readonly number[];
  /** Most tokens per sequence. Default is as many as the context holds. */
  readonly maxTokens?: number;
  /** Tokens before the prompt that penalties count, such as those already in the state. */
  readonly history?: TokenRows;
  /** Steps enqueued before the oldest token is read. Default is 1. */
  readonly lookahead?: number;
  readonly signal?: AbortSignal;
  /** Called as the prompt is processed: tokens done, tokens in all. */
  readonly onPrefill?: (done: number, total: number) => void;
}

/** What one step gave: for each sequence its token, or `undefined` if it has ended. */
export type StepTokens = readonly (number | undefined)[];

const checkpointCount = 4;

/**
 * Processes the prompts and chooses the first tokens.
 * @param prompts one list of tokens per sequence of the state, none empty
 * @param state spent
 * @throws E_ARGUMENT, E_CONTEXT_LENGTH, E_DISPOSED, E_ABORTED
 */
export async function startGeneration(
  runner: Runner,
  prompts: TokenRows,
  state: SequenceState,
  options: GenerationOptions = {},
): Promise<Generation> {
  const { runtime } = runner;
  const perRow = prompts.map((_, row) => {
    const { sampling } = options;
    return resolveSampling(
      Array.isArray(sampling) ? sampling[row] : (sampling as SamplingOptions | undefined),
    );
  });
  const shape: DecodeShape = { batch: prompts.length, eosIds: [...(options.eosIds ?? [])] };
  const { logits, state: next } = await runner.forwardOnDevice(prompts, state, {
    ...(options.signal && { signal: options.signal }),
    ...(options.onPrefill && { onProgress: options.onPrefill }),
  });
  const rows = runtime.own(next.spend('generate'));
  const seen = prompts.map((prompt, row) => [...(options.history?.[row] ?? []), ...prompt]);
  const sampler = createSampler(runner.model, rows, perRow, seen);
  try {
    const program = await runtime.program(`choose ${keyOf(shape)}`, () => chooseProgram(runtime, shape));
    const result = program.run({ inputs: { logits, ...sampler.inputs }, states: sampler.states });
    const first = readback(result.outputs.ids!, options.signal);
    return new Generation(runner, shape, next, rows, { ...sampler, states: result.states }, first, options);
  } catch (error) {
    disposeSampler(sampler);
    next.continued(rows).dispose();
    throw error;
  } finally {
    disposeTensor(logits);
  }
}

/**
 * A running generation of a batch: tokens step by step, then the exact state of whatever was kept. Steps run
 * ahead of what the host has read; the device masks sequences that have ended, and `finish` goes back to a
 * checkpoint where the host stops earlier.
 */
export class Generation {
  /** Tokens of each sequence so far, without the one that ended it. */
  readonly tokens: readonly number[][];
  readonly #runner: Runner;
  readonly #shape: DecodeShape;
  readonly #spentState: SequenceState;
  readonly #options: GenerationOptions;
  readonly #ring: CheckpointRing;
  readonly #promptEnds: readonly number[];
  readonly #pending: Promise<ArrayLike<number>>[];
  /** For each sequence, how many tokens it had when a token ended it. */
  readonly #endedAt: (number | undefined)[];
  #sampler: Sampler;
  #rows: readonly SequenceRow[];
  #steps = 0;
  #isFinished = false;

  /** Use {@link startGeneration}. */
  constructor(
    runner: Runner,
    shape: DecodeShape,
    spentState: SequenceState,
    rows: readonly SequenceRow[],
    sampler: Sampler,
    first: Promise<ArrayLike<number>>,
    options: GenerationOptions,
  ) {
    this.#runner = runner;
    this.#shape = shape;
    this.#spentState = spentState;
    this.#rows = rows;
    this.#sampler = sampler;
    this.#options = options;
    this.#promptEnds = rows.map(({ position }) => position);
    this.#pending = [handled(first)];
    this.tokens = rows.map(() => []);
    this.#endedAt = rows.map(() => undefined);
    this.#ring = new CheckpointRing(runner.runtime, rows.length, checkpointCount);
    this.#ring.save(rows, 0);
  }

  /** Whether every sequence has met one of `eosIds`. */
  get haveAllEnded(): boolean {
    return this.#endedAt.every((at) => at !== undefined);
  }

  /**
   * The next token of each sequence; `undefined` when there is none left to give: all have ended, `maxTokens`
   * is reached or the context is full.
   * @throws E_ABORTED, E_DEVICE_LOST; `finish` still works after E_ABORTED
   */
  async next(): Promise<StepTokens | undefined> {
    throwIfAborted(this.#options.signal, 'generate');
    const lookahead = this.#options.lookahead ?? 1;
    while (this.#pending.length <= lookahead && this.#mayStep()) await this.#enqueueStep();
    const oldest = this.#pending[0];
    if (this.#isFinished || this.haveAllEnded || oldest === undefined) return undefined;
    const ids = await oldest;
    this.#pending.shift();
    return this.#take(ids);
  }

  /**
   * Ends the generation.
   * @param kept tokens to keep of each sequence; all by default
   * @returns the state of exactly the prompt and the kept tokens
   */
  async finish(kept: readonly number[] = this.tokens.map((row) => row.length)): Promise<SequenceState> {
    if (this.#isFinished)
      throw new HybraError('E_DISPOSED', 'finish: this generation was finished or disposed of.');
    const read = this.tokens.map((row) => row.length);
    // Steps that ran ahead may have ended a sequence; their tokens were never given and do not count.
    for (const pending of this.#pending.splice(0)) this.#take(await pending.catch(() => []));
    for (const [row, tokens] of this.tokens.entries()) tokens.length = read[row]!;
    const wanted = kept.map((count, row) => Math.min(count, read[row]!));
    const fed = (steps: number): number[] => this.#endedAt.map((at) => Math.min(steps, at ?? steps));
    let standing = fed(this.#steps);
    if (standing.some((count, row) => count > wanted[row]!)) {
      const steps = this.#ring.restore(this.#rows, (candidate) =>
        fed(candidate).every((count, row) => count <= wanted[row]!),
      );
      standing = fed(steps);
    }
    const rows = this.#rows.map(({ slot }, row) => ({
      slot,
      position: this.#promptEnds[row]! + standing[row]!,
    }));
    const missing = wanted.map((count, row) => this.tokens[row]!.slice(standing[row]!, count));
    const state = this.#spentState.continued(rows);
    this.#release();
    if (missing.every((row) => row.length === 0)) return state;
    return feed(this.#runner.runtime, missing, state, Number.POSITIVE_INFINITY, {}, () => ({
      mode: 'state',
    }));
  }

  /** Drops the generation and its state. Idempotent. */
  dispose(): void {
    if (this.#isFinished) return;
    this.#release();
    this.#spentState.continued(this.#rows).dispose();
  }

  /** Takes one step's ids over; cut short by an abort they are empty. */
  #take(ids: ArrayLike<number>): StepTokens {
    return this.tokens.map((row, index) => {
      const id = ids[index];
      if (id === undefined || this.#endedAt[index] !== undefined) return undefined;
      if (this.#shape.eosIds.includes(id)) {
        this.#endedAt[index] = row.length;
        return undefined;
      }
      row.push(id);
      return id;
    });
  }

  #mayStep(): boolean {
    const { maxTokens = Number.POSITIVE_INFINITY } = this.#options;
    const longest = Math.max(...this.#promptEnds) + this.#steps + 1;
    return (
      !this.#isFinished &&
      !this.haveAllEnded &&
      this.#steps + 1 < maxTokens &&
      longest <= this.#runner.contextLength
    );
  }

  async #enqueueStep(): Promise<void> {
    const { runtime } = this.#runner;
    runtime.reserve(0, Math.max(...this.#promptEnds) + this.#steps + 1);
    const program = await runtime.program(`decode ${keyOf(this.#shape)}`, () =>
      decodeProgram(runtime, this.#shape),
    );
    const { outputs, states } = runtime.run(program, {
      inputs: this.#sampler.inputs,
      states: this.#sampler.states,
    });
    this.#sampler = { ...this.#sampler, states: pick(states, this.#sampler.states) };
    this.#pending.push(handled(readback(outputs.ids!, this.#options.signal)));
    this.#steps += 1;
    if (this.#steps % checkpointInterval === 0) this.#ring.save(this.#rows, this.#steps);
  }

  #release(): void {
    this.#isFinished = true;
    disposeSampler(this.#sampler);
    this.#ring.dispose();
  }
}

function keyOf({ batch, eosIds }: DecodeShape): string {
  return `${batch} until ${eosIds.join()}`;
}

function pick(
  from: Readonly<Record<string, Tensor>>,
  like: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  return Object.fromEntries(Object.keys(like).map((name) => [name, from[name]!]));
}

/** A promise whose failure is looked at later: it is not "unhandled" meanwhile. */
function handled<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
