import { createInterface } from 'node:readline/promises';
import { generateText, loadTokenizerFrom, type SamplingOptions, type SequenceState } from '@hybra/generate';
import type { ChatMessage, Tokenizer } from '@hybra/tokenizer';
import { type ModelOptions, openSession, type Session } from '../session/open-session.js';
import type { ExitCode, Terminal } from '../session/terminal.js';
import { samplingOf } from './generate.js';

/** Options of `hybra chat`. */
export interface ChatOptions extends ModelOptions, SamplingOptions {
  readonly system?: string;
  readonly maxTokens: number;
}

/** What the model has seen of the conversation, and the state after exactly that. */
interface Memory {
  readonly ids: readonly number[];
  readonly state: SequenceState;
}

/**
 * A conversation, a line a turn, until the input ends. A model without a chat template continues what was
 * said as plain text. Turns are not processed twice: the state of what both sides said is kept.
 */
export async function chat(terminal: Terminal, options: ChatOptions): Promise<ExitCode> {
  await using session = await openSession(terminal, options);
  const tokenizer = await loadTokenizerFrom(session.directory);
  const { colours } = terminal;
  terminal.note(
    colours.dim(`${session.name} on ${session.device.name}. Ctrl-D ends the conversation, Ctrl-C an answer.`),
  );
  if (!tokenizer.hasChatTemplate) {
    terminal.note(
      colours.dim('This model has no chat template: it continues your text up to an empty line.'),
    );
  }
  const lines = createInterface({
    input: process.stdin,
    output: process.stderr,
    prompt: colours.bold('> '),
    terminal: terminal.isInteractive,
  });
  const abort = (): void => lines.close();
  terminal.signal.addEventListener('abort', abort);
  const messages: ChatMessage[] =
    options.system === undefined ? [] : [{ role: 'system', content: options.system }];
  let memory: Memory | undefined;
  lines.prompt();
  for await (const line of lines) {
    if (line.trim() !== '') {
      messages.push({ role: 'user', content: line });
      const answer = new AbortController();
      const stop = (): void => answer.abort();
      lines.on('SIGINT', stop);
      const turn = await speak(
        terminal,
        session,
        tokenizer,
        messages,
        memory,
        AbortSignal.any([answer.signal, terminal.signal]),
        options,
      );
      lines.off('SIGINT', stop);
      memory = turn.memory;
      messages.push({ role: 'assistant', content: turn.text });
    }
    if (terminal.signal.aborted) break;
    lines.prompt();
  }
  memory?.state.dispose();
  terminal.signal.removeEventListener('abort', abort);
  return terminal.signal.aborted ? 130 : 0;
}

async function speak(
  terminal: Terminal,
  session: Session,
  tokenizer: Tokenizer,
  messages: readonly ChatMessage[],
  memory: Memory | undefined,
  signal: AbortSignal,
  options: ChatOptions,
): Promise<{ readonly text: string; readonly memory: Memory }> {
  const whole = tokenizer.hasChatTemplate
    ? tokenizer.encode(tokenizer.applyChatTemplate(messages, { addGenerationPrompt: true }), {
        addSpecialTokens: false,
        parseSpecialTokens: true,
      })
    : tokenizer.encode(messages.map(({ content }) => content).join('\n'));
  const isContinued =
    memory !== undefined &&
    memory.ids.length < whole.length &&
    memory.ids.every((id, at) => id === whole[at]);
  if (memory !== undefined && !isContinued) memory.state.dispose();
  const known = isContinued ? memory.ids : [];
  const state = isContinued ? memory.state : session.runner.initialState();
  const text = generateText(session.runner, tokenizer, {
    prompt: whole.slice(known.length),
    state,
    history: [known],
    sampling: samplingOf(options),
    maxTokens: options.maxTokens,
    stop: tokenizer.hasChatTemplate ? [] : ['\n\n'],
    signal,
  });
  let step = await text.next();
  for (; !step.done; step = await text.next()) terminal.out(step.value);
  terminal.out('\n');
  const { ids, promptIds, state: after, text: answer } = step.value;
  return { text: answer, memory: { ids: [...known, ...promptIds, ...ids], state: after } };
}
