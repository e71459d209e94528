import type { CallName, EngineCalls, EngineFailure, FromEngine, ToEngine } from '../engine/protocol.js';

/** A call that failed: `code` is one of hybra's, or `E_INTERNAL` for a defect. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly code: string;

  constructor({ code, message }: EngineFailure) {
    super(message);
    this.code = code;
  }
}

/** How a call is followed and stopped. */
export interface ClientCallOptions<Name extends CallName> {
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: EngineCalls[Name]['event']) => void;
}

interface Waiting {
  readonly onEvent: (event: never) => void;
  readonly resolve: (result: never) => void;
  readonly reject: (error: EngineError) => void;
}

/** The part of a `Worker` that the client uses. */
export type WorkerLike = Pick<Worker, 'postMessage' | 'addEventListener'>;

/** The engine in its worker, as typed calls. */
export class EngineClient {
  readonly #worker: WorkerLike;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;

  constructor(worker: WorkerLike) {
    this.#worker = worker;
    worker.addEventListener('message', (event) => this.#take((event as MessageEvent<FromEngine>).data));
    worker.addEventListener('error', (event) => {
      const message = `The engine stopped: ${(event as ErrorEvent).message || 'its script could not be loaded'}. Reload the page.`;
      for (const { reject } of this.#waiting.values())
        reject(new EngineError({ code: 'E_INTERNAL', message }));
      this.#waiting.clear();
    });
  }

  /** @throws EngineError */
  call<Name extends CallName>(
    name: Name,
    argument: EngineCalls[Name]['argument'],
    { signal, onEvent = () => {} }: ClientCallOptions<Name> = {},
  ): Promise<EngineCalls[Name]['result']> {
    const call = this.#calls++;
    const post = (message: ToEngine): void => this.#worker.postMessage(message);
    return new Promise<EngineCalls[Name]['result']>((resolve, reject) => {
      this.#waiting.set(call, { onEvent, resolve, reject });
      post({ kind: 'call', call, name, argument });
      signal?.addEventListener('abort', () => post({ kind: 'abort', call }), { once: true });
      if (signal?.aborted) post({ kind: 'abort', call });
    });
  }

  #take(message: FromEngine): void {
    const waiting = this.#waiting.get(message.call);
    if (!waiting) return;
    if (message.kind === 'event') {
      waiting.onEvent(message.event as never);
      return;
    }
    this.#waiting.delete(message.call);
    if (message.kind === 'result') waiting.resolve(message.result as never);
    else waiting.reject(new EngineError(message.failure));
  }
}
