import { loadTokenizerFrom } from '@hybra/generate';
import { openSession } from '../../session/open-session.js';
import { progressBar } from '../../session/progress.js';
import type { Terminal } from '../../session/terminal.js';
import { readText, windowLoss } from '../perplexity.js';

/** The loss of a text under two models, in nats per token. */
export interface LossChange {
  readonly before: number;
  readonly after: number;
  readonly tokens: number;
}

/** The loss of a text file under a model and under another, one loaded after the other. */
export async function lossChange(
  terminal: Terminal,
  models: readonly [before: string, after: string],
  options: {
    readonly text: string;
    readonly window: number;
    readonly maxWindows?: number;
    readonly batch: number;
    readonly device?: string;
  },
): Promise<LossChange> {
  const text = await readText(options.text, 0);
  const { device } = options;
  const measure = async (model: string): Promise<{ loss: number; tokens: number }> => {
    await using session = await openSession(terminal, { model, ...(device !== undefined && { device }) });
    const tokenizer = await loadTokenizerFrom(session.directory);
    const ids = tokenizer.encode(text, { addSpecialTokens: false });
    const bar = progressBar(terminal, 'windows', 'windows');
    try {
      return await windowLoss(session.runner, ids, { ...options, signal: terminal.signal }, (done, total) =>
        bar.update(done, total),
      );
    } finally {
      bar.stop();
    }
  };
  const before = await measure(models[0]);
  const after = await measure(models[1]);
  return { before: before.loss, after: after.loss, tokens: before.tokens };
}
