import type { EngineClient } from '../client/engine-client.js';
import type { Prompt, WriteResult } from '../engine/protocol.js';
import { applyEvent, type BranchView } from './branch-view.js';
import type { SamplingChoice } from './sampling-form.js';

/** What {@link createWriter} tells. */
export interface WriterOptions {
  /** Something about the branch being written changed; at most once per frame, and once at the end. */
  readonly onChange: (branch: BranchView) => void;
  /** @param status for people, such as `Processing the prompt: 256 of 900 tokens` */
  readonly onStatus: (status: string) => void;
  readonly onError: (error: unknown) => void;
}

/** Writes to branches, one at a time. */
export interface Writer {
  readonly isWriting: boolean;
  /** @returns `undefined` if it failed; the error was told */
  write(branch: BranchView, prompt: Prompt, choice: SamplingChoice): Promise<WriteResult | undefined>;
  /** Ends the text being written, which keeps its tokens. */
  stop(): void;
}

const endings = {
  stop: 'Ended at a stop string.',
  eos: 'The model ended its text.',
  length: 'Paused at the token limit. Continue to go on.',
  aborted: 'Stopped. Continue to go on.',
} as const satisfies Record<WriteResult['finishReason'], string>;

/** Makes a writer on an engine with an open model. */
export function createWriter(client: EngineClient, { onChange, onStatus, onError }: WriterOptions): Writer {
  let running: AbortController | undefined;
  let frame: number | undefined;
  const changeSoon = (branch: BranchView): void => {
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      onChange(branch);
    });
  };
  return {
    get isWriting() {
      return running !== undefined;
    },
    stop: () => running?.abort(),
    async write(branch, prompt, { sampling, maxTokens, stop }) {
      running = new AbortController();
      onStatus('Writing');
      onChange(branch);
      try {
        const result = await client.call(
          'write',
          { branch: branch.id, prompt, sampling, maxTokens, stop },
          {
            signal: running.signal,
            onEvent: (event) => {
              applyEvent(branch, event);
              if (event.kind === 'prefill' && event.total > 1) {
                onStatus(
                  event.done < event.total
                    ? `Processing the prompt: ${event.done} of ${event.total} tokens`
                    : 'Writing',
                );
              }
              changeSoon(branch);
            },
          },
        );
        branch.tail = result.tail;
        branch.figures = result.figures;
        onStatus(endings[result.finishReason]);
        return result;
      } catch (error) {
        onStatus('');
        onError(error);
        return undefined;
      } finally {
        running = undefined;
        if (frame !== undefined) cancelAnimationFrame(frame);
        frame = undefined;
        onChange(branch);
      }
    },
  };
}
