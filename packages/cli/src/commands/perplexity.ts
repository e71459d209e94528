import { readFile } from 'node:fs/promises';
import { loadTokenizerFrom, type Runner } from '@hybra/generate';
import { HybraError } from '@hybra/spec';
import { type ModelOptions, openSession } from '../session/open-session.js';
import { progressBar } from '../session/progress.js';
import type { ExitCode, Terminal } from '../session/terminal.js';

/** Options of `hybra perplexity`. */
export interface PerplexityOptions extends ModelOptions {
  /** Tokens per window; each is predicted from those before it in its window and the one token before. */
  readonly window: number;
  /** Part of the text's characters to leave out at the beginning, 0 … 1. */
  readonly from: number;
  readonly maxWindows?: number;
  readonly batch: number;
  readonly json?: boolean;
}

/** A text's loss under a model. */
export interface Perplexity {
  /** Nats per token. */
  readonly loss: number;
  readonly perplexity: number;
  readonly bitsPerByte: number;
  readonly tokens: number;
  readonly windows: number;
}

/**
 * Mean loss over whole windows of a token sequence, each from the initial state: window `i` is fed tokens
 * `i·w … i·w + w − 1` and predicts `i·w + 1 … i·w + w`.
 */
export async function windowLoss(
  runner: Runner,
  ids: readonly number[],
  options: {
    readonly window: number;
    readonly batch: number;
    readonly maxWindows?: number;
    readonly signal?: AbortSignal;
  },
  onProgress: (done: number, total: number) => void = () => {},
): Promise<{ loss: number; tokens: number; windows: number }> {
  const { window, batch, signal } = options;
  const available = Math.floor((ids.length - 1) / window);
  const windows = Math.min(available, options.maxWindows ?? available);
  if (windows < 1) {
    throw new HybraError(
      'E_ARGUMENT',
      `the text has ${ids.length} tokens, expected at least ${window + 1} for one window. Use a smaller --window.`,
    );
  }
  let sum = 0;
  for (let first = 0; first < windows; first += batch) {
    const starts = Array.from(
      { length: Math.min(batch, windows - first) },
      (_, row) => (first + row) * window,
    );
    const tokens = starts.map((start) => ids.slice(start, start + window));
    const targets = starts.map((start) => ids.slice(start + 1, start + window + 1));
    const result = await runner.loss(
      tokens,
      targets,
      runner.initialState(starts.length),
      signal ? { signal } : {},
    );
    result.state.dispose();
    for (const row of result.losses) for (const loss of row) sum += loss;
    onProgress(first + starts.length, windows);
  }
  return { loss: sum / (windows * window), tokens: windows * window, windows };
}

/** Prints the loss of a text file under a model. */
export async function perplexity(
  terminal: Terminal,
  file: string,
  options: PerplexityOptions,
): Promise<ExitCode> {
  const text = await readText(file, options.from);
  await using session = await openSession(terminal, options);
  const tokenizer = await loadTokenizerFrom(session.directory);
  const ids = tokenizer.encode(text, { addSpecialTokens: false });
  const bar = progressBar(terminal, 'windows', 'windows');
  const { loss, tokens, windows } = await windowLoss(
    session.runner,
    ids,
    {
      window: options.window,
      batch: options.batch,
      signal: terminal.signal,
      ...(options.maxWindows !== undefined && { maxWindows: options.maxWindows }),
    },
    (done, total) => bar.update(done, total),
  );
  bar.stop();
  // Bits per byte of the text, by the tokens' mean share of its bytes.
  const bytesPerToken = new TextEncoder().encode(text).byteLength / ids.length;
  const result: Perplexity = {
    loss,
    perplexity: Math.exp(loss),
    bitsPerByte: loss / Math.LN2 / bytesPerToken,
    tokens,
    windows,
  };
  if (options.json) terminal.out(`${JSON.stringify(result)}\n`);
  else {
    terminal.out(
      `loss ${loss.toFixed(4)} nats per token | perplexity ${result.perplexity.toFixed(3)} | ${result.bitsPerByte.toFixed(4)} bits per byte | ${tokens} tokens in ${windows} windows of ${options.window}\n`,
    );
  }
  return 0;
}

/** The text of a file, without a part of its characters at the beginning. @throws E_IO, E_ARGUMENT */
export async function readText(file: string, from: number): Promise<string> {
  if (!(from >= 0 && from < 1))
    throw new HybraError('E_ARGUMENT', `--from is ${from}, expected a fraction from 0 to below 1.`);
  try {
    const characters = Array.from(await readFile(file, 'utf8'));
    return characters.slice(Math.floor(characters.length * from)).join('');
  } catch (error) {
    throw new HybraError(
      'E_IO',
      `${file} cannot be read: ${error instanceof Error ? error.message : error}.`,
      { file },
      { cause: error },
    );
  }
}
