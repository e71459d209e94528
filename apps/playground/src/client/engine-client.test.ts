import { expect, test } from 'vitest';
import type { FromEngine, ToEngine } from '../engine/protocol.js';
import { EngineClient } from './engine-client.js';

/** A worker whose messages the test writes. */
function fakeWorker() {
  const sent: ToEngine[] = [];
  const listeners = new Map<string, (event: unknown) => void>();
  return {
    sent,
    postMessage: (message: ToEngine) => void sent.push(message),
    addEventListener: (type: string, listener: unknown) =>
      void listeners.set(type, listener as (event: unknown) => void),
    answer: (message: FromEngine) => listeners.get('message')!({ data: message }),
    crash: (message: string) => listeners.get('error')!({ message }),
  };
}

function client() {
  const worker = fakeWorker();
  return { worker, engine: new EngineClient(worker as never) };
}

test('a failure keeps its code and message', async () => {
  const { worker, engine } = client();
  const call = engine.call('begin', null);
  worker.answer({ kind: 'failure', call: 0, failure: { code: 'E_FORMAT', message: 'broken' } });
  await expect(call).rejects.toMatchObject({ code: 'E_FORMAT', message: 'broken' });
});

test('a worker that dies fails every call that waits', async () => {
  const { worker, engine } = client();
  const calls = [engine.call('begin', null), engine.call('rewind', { branch: 0, position: 1 })];
  worker.crash('out of memory');
  for (const call of calls) {
    await expect(call).rejects.toMatchObject({
      code: 'E_INTERNAL',
      message: expect.stringContaining('out of memory'),
    });
  }
});

test('answers reach their own call, in any order, and strangers none', async () => {
  const { worker, engine } = client();
  const first = engine.call('begin', null);
  const second = engine.call('begin', null);
  worker.answer({ kind: 'result', call: 9, result: null });
  worker.answer({ kind: 'result', call: 1, result: { branch: 2 } });
  worker.answer({ kind: 'result', call: 0, result: { branch: 1 } });
  expect([await first, await second]).toEqual([{ branch: 1 }, { branch: 2 }]);
});

test('events come before the result; an abort is passed on, even one from before', async () => {
  const { worker, engine } = client();
  const events: unknown[] = [];
  const controller = new AbortController();
  const request = { model: { kind: 'url', url: '' }, device: 'cpu' } as const;
  const call = engine.call('open', request, {
    signal: controller.signal,
    onEvent: (event) => events.push(event),
  });
  worker.answer({ kind: 'event', call: 0, event: { loadedBytes: 1, totalBytes: 2 } });
  controller.abort();
  worker.answer({ kind: 'result', call: 0, result: { name: 'x' } });
  await call;
  expect(events).toEqual([{ loadedBytes: 1, totalBytes: 2 }]);
  void engine.call('begin', null, { signal: controller.signal });
  expect(worker.sent.map(({ kind, call: number }) => `${kind} ${number}`)).toEqual([
    'call 0',
    'abort 0',
    'call 1',
    'abort 1',
  ]);
});
