/** The worker: the engine behind messages. Nothing else of the page runs here. */
import { HybraError } from '@hybra/spec';
import { createEngine } from './engine.js';
import type { CallName, EngineCalls, EngineFailure, FromEngine, ToEngine } from './protocol.js';

const engine = createEngine();
const running = new Map<number, AbortController>();
const queue = { last: Promise.resolve() };
const post = (message: FromEngine): void => self.postMessage(message);

self.addEventListener('message', ({ data }: MessageEvent<ToEngine>) => {
  if (data.kind === 'abort') running.get(data.call)?.abort();
  else {
    const { call, name, argument } = data;
    // Heard at once by an abort, made after the calls before it.
    running.set(call, new AbortController());
    queue.last = queue.last.then(() => answer(call, name, argument as never));
  }
});

async function answer<Name extends CallName>(
  call: number,
  name: Name,
  argument: EngineCalls[Name]['argument'],
): Promise<void> {
  const { signal } = running.get(call)!;
  try {
    const result = await engine[name](argument, {
      signal,
      onEvent: (event) => post({ kind: 'event', call, event }),
    });
    post({ kind: 'result', call, result });
  } catch (error) {
    post({ kind: 'failure', call, failure: failureOf(error) });
  } finally {
    running.delete(call);
  }
}

function failureOf(error: unknown): EngineFailure {
  if (HybraError.isInstance(error)) return { code: error.code, message: error.message };
  return { code: 'E_INTERNAL', message: error instanceof Error ? error.message : String(error) };
}
