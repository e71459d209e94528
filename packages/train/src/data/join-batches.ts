import type { Batch } from './batch.js';

/** Batches of one length under one another. */
export function joinBatches(batches: readonly Batch[]): Batch {
  const [first] = batches;
  if (batches.length === 1) return first!;
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  const { time } = first!;
  const ids = new Int32Array(rows * time);
  const targets = new Int32Array(rows * time);
  const places = first!.places && new Int32Array(rows * time);
  let at = 0;
  for (const batch of batches) {
    ids.set(batch.ids, at);
    targets.set(batch.targets, at);
    if (batch.places) places?.set(batch.places, at);
    at += batch.ids.length;
  }
  return { rows, time, ids, targets, ...(places && { places }) };
}
