import { generateText, loadTokenizerFrom, type SamplingOptions } from '@hybra/generate';
import { defaultModel } from '../default-model.js';
import { figuresOf, formatFigures } from '../session/figures.js';
import { type ModelOptions, openSession } from '../session/open-session.js';
import { progressBar } from '../session/progress.js';
import type { ExitCode, Terminal } from '../session/terminal.js';

/** Options of `hybra generate`. */
export interface GenerateOptions extends ModelOptions, SamplingOptions {
  readonly prompt?: string;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly echo?: boolean;
  readonly json?: boolean;
}

/** Streams a continuation of the prompt to standard output, then the figures to standard error. */
export async function generate(terminal: Terminal, options: GenerateOptions): Promise<ExitCode> {
  await using session = await openSession(terminal, options);
  const tokenizer = await loadTokenizerFrom(session.directory);
  const prompt = options.prompt ?? defaultModel.prompt;
  const { colours } = terminal;
  terminal.note(colours.dim(`${session.name} (${session.model.family}) on ${session.device.name}`));
  const bar = progressBar(terminal, 'prompt', 'tokens');
  const text = generateText(session.runner, tokenizer, {
    prompt,
    sampling: samplingOf(options),
    maxTokens: options.maxTokens,
    stop: options.stop,
    signal: terminal.signal,
    onPrefill: (done, total) => bar.update(done, total),
  });
  if (options.echo && !options.json) terminal.out(prompt);
  let step = await text.next();
  for (bar.stop(); !step.done; step = await text.next()) {
    if (!options.json) terminal.out(step.value);
  }
  const result = step.value;
  const figures = figuresOf(session, result.timing, result.state.bytes);
  result.state.dispose();
  if (options.json) {
    const { ids, promptIds, finishReason } = result;
    terminal.out(`${JSON.stringify({ text: result.text, prompt, ids, promptIds, finishReason, figures })}\n`);
  } else {
    terminal.out('\n');
    terminal.note(colours.dim(formatFigures(figures)));
  }
  return result.finishReason === 'aborted' ? 130 : 0;
}

/** The sampling options among a command's. */
export function samplingOf(options: SamplingOptions): SamplingOptions {
  const names = [
    'temperature',
    'topK',
    'topP',
    'minP',
    'repetitionPenalty',
    'presencePenalty',
    'frequencyPenalty',
    'seed',
  ] as const;
  return Object.fromEntries(
    names.flatMap((name) => (options[name] === undefined ? [] : [[name, options[name]]])),
  );
}
