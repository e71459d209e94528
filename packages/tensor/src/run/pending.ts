import type { Storage } from '../graph/value.js';

/** What has to be enqueued before memory may be read, or written. */
export function waitsFor(storage: Storage, access: 'read' | 'write'): Promise<void>[] {
  const waits = storage.ready ? [storage.ready] : [];
  if (access === 'write' && storage.reads) waits.push(storage.reads);
  return waits;
}

/** Notes that a run that is not enqueued yet will fill this memory; its failure stays with the memory. */
export function notePendingWrite(storage: Storage, run: Promise<void>): void {
  storage.ready = run;
  run.then(
    () => {
      if (storage.ready === run) storage.ready = undefined;
    },
    () => {}, // surfaces at the readback that waits for it
  );
}

/** Notes that a run that is not enqueued yet will read this memory. */
export function notePendingRead(storage: Storage, run: Promise<void>): void {
  const done = run.catch(() => {});
  const all = storage.reads ? Promise.all([storage.reads, done]).then(() => {}) : done;
  storage.reads = all;
  void all.then(() => {
    if (storage.reads === all) storage.reads = undefined;
  });
}
