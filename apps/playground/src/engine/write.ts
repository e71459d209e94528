import { type FinishReason, type Generation, type SequenceState, startGeneration } from '@hybra/generate';
import { HybraError } from '@hybra/spec';
import type { Tokenizer } from '@hybra/tokenizer';
import type { Branch } from './branch.js';
import { promptTokens } from './prompt-tokens.js';
import type { Figures, Token, WriteEvent, WriteRequest, WriteResult } from './protocol.js';
import type { Session } from './session.js';
import { stateNorms } from './state-norms.js';
import { TokenText } from './token-text.js';

/** Tokens between two looks into the state, each of which also keeps the state for going back. */
const tokensPerLook = 8;

/** How a text is followed and stopped. */
export interface WriteOptions {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: WriteEvent) => void;
}

/**
 * Continues a branch. The text is generated in short runs: between two of them stands the exact state of the
 * tokens so far, which is looked at and kept. Draws depend on seed and position alone, so the text is the same
 * as that of one long run.
 * @throws E_ARGUMENT, E_CONTEXT_LENGTH, E_DEVICE_LOST; the branch keeps the tokens it has then
 */
export async function write(
  session: Session,
  branch: Branch,
  request: WriteRequest,
  { signal, onEvent = () => {} }: WriteOptions = {},
): Promise<WriteResult> {
  const { runner, tokenizer, device } = session;
  takePrompt(branch, promptTokens(tokenizer, request.prompt, branch.ids), tokenizer, onEvent);
  const promptEnd = branch.ids.length;
  const text = new TokenText(tokenizer, request.stop);
  const clock = new Clock(() => device.memoryBytes());
  const give = (tokens: readonly Token[]): void => {
    for (const token of tokens) onEvent({ kind: 'token', token });
  };
  let finishReason: FinishReason | undefined;
  let written = 0;
  while (finishReason === undefined) {
    const { state, seen, feed } = branch.startBefore();
    // The first run is one token long, so that the state of the prompt itself is kept.
    const length = Math.min(written === 0 ? 1 : tokensPerLook, request.maxTokens - written);
    clock.startRun(feed.length);
    let generation: Generation;
    try {
      generation = await startGeneration(runner, [feed], state, {
        sampling: request.sampling,
        eosIds: tokenizer.eosIds,
        maxTokens: length,
        history: [seen],
        lookahead: 0,
        ...(signal && { signal }),
        onPrefill: (done, total) => onEvent({ kind: 'prefill', done, total }),
      });
    } catch (error) {
      if (!isAbort(error)) throw error;
      finishReason = 'aborted';
      break;
    }
    let next: SequenceState;
    try {
      finishReason = await run(generation, text, (id, tokens) => {
        branch.append([id]);
        written += 1;
        clock.tick();
        give(tokens);
      });
      const count = generation.tokens[0]!.length;
      // The last token has not been fed yet: without it the state stands where the device is.
      next = await generation.finish([finishReason === undefined ? count - 1 : count]);
    } finally {
      generation.dispose();
    }
    const looked = next.fork();
    branch.keep(next);
    try {
      const norms = await stateNorms(runner, looked);
      onEvent({ kind: 'look', look: { position: looked.positions[0]!, norms }, figures: clock.figures() });
    } finally {
      looked.dispose();
    }
    if (finishReason === undefined && written >= request.maxTokens) finishReason = 'length';
    if (finishReason === undefined && branch.ids.length >= runner.contextLength) finishReason = 'length';
  }
  give(text.end());
  branch.rewind(promptEnd + text.count);
  return { finishReason, tail: text.tail, figures: clock.figures() };
}

/** Brings a branch to these tokens and keeps the states of what it shares with them. */
function takePrompt(
  branch: Branch,
  ids: readonly number[],
  tokenizer: Tokenizer,
  onEvent: (event: WriteEvent) => void,
): void {
  if (ids.length === 0) {
    throw new HybraError('E_ARGUMENT', 'The prompt is empty. Write at least one character.');
  }
  const differs = branch.ids.findIndex((id, at) => id !== ids[at]);
  const kept = differs < 0 ? branch.ids.length : differs;
  branch.rewind(kept);
  branch.append(ids.slice(kept));
  const stream = tokenizer.stream();
  const tokens = ids.map((id) => ({ id, text: stream.push(id) }));
  onEvent({ kind: 'prompt', kept, tokens: tokens.slice(kept) });
}

/** Takes a run's tokens one by one. @returns why the text is over, or `undefined` at the end of the run */
async function run(
  generation: Generation,
  text: TokenText,
  onToken: (id: number, certain: readonly Token[]) => void,
): Promise<FinishReason | undefined> {
  for (;;) {
    let id: number | undefined;
    try {
      id = (await generation.next())?.[0];
    } catch (error) {
      if (!isAbort(error)) throw error;
      return 'aborted';
    }
    if (id === undefined) return generation.haveAllEnded ? 'eos' : undefined;
    onToken(id, text.push(id));
    if (text.hasStopped) return 'stop';
  }
}

function isAbort(error: unknown): boolean {
  return HybraError.isInstance(error) && error.code === 'E_ABORTED';
}

/** Measures the prompt and the tokens after it, without the looks in between. */
class Clock {
  readonly #memoryBytes: () => number;
  readonly #figures = { prefillTokens: 0, prefillSeconds: 0, decodeTokens: 0, decodeSeconds: 0 };
  #last = 0;

  constructor(memoryBytes: () => number) {
    this.#memoryBytes = memoryBytes;
  }

  startRun(tokens: number): void {
    this.#last = performance.now();
    if (this.#figures.prefillTokens === 0) this.#figures.prefillTokens = tokens;
  }

  tick(): void {
    const now = performance.now();
    const seconds = (now - this.#last) / 1000;
    this.#last = now;
    if (this.#figures.prefillSeconds === 0) {
      this.#figures.prefillSeconds = seconds;
      return;
    }
    this.#figures.decodeSeconds += seconds;
    this.#figures.decodeTokens += 1;
  }

  figures(): Figures {
    return { ...this.#figures, memoryBytes: this.#memoryBytes() };
  }
}
