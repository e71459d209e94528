import type { DispatchOperand } from '../../kernel.js';
import { gridMain } from './pool.js';

/*
 * Recurrences with a state per channel, cut into chunks: each chunk alone from zero, then the states passed from chunk
 * to chunk, then each chunk again from the state before it.
 */

/** Positions of a chunk. */
export const chunkLength = 64;

/**
 * A walk over chunks.
 * - `whole`: from the pool, to outputs and the pool
 * - `states`: from zero, to scratch
 * - `outputs`: from scratch, to outputs
 */
export type ChunkPart = 'whole' | 'states' | 'outputs';

/** The pool of states. */
export const poolOperand: DispatchOperand = {
  name: 'pool',
  place: { kind: 'output', index: 1 },
  view: 'f32',
  isWritten: true,
};

/** What chunks hand over: see the kernels. */
export const carriedOperand: DispatchOperand = {
  name: 'carried',
  place: { kind: 'scratch' },
  view: 'f32',
  isWritten: true,
};

/** The output, [B, T, D]. */
export const yOperand: DispatchOperand = {
  name: 'y',
  place: { kind: 'output', index: 0 },
  view: 'f32',
  isWritten: true,
};

/** The head of a walk: an invocation's row `b`, `chunk`, `channel`, `slot` and positions `first` … `end`. */
export function chunkMain(part: ChunkPart): string {
  return `${gridMain(64)}
  let id = group * 64u + l;
  if (id >= p.count) { return; }
  let channel = id % p.D;
  let chunk = id / p.D % max(p.chunks, 1u);
  let b = id / p.D / max(p.chunks, 1u);
  let slot = bitcast<u32>(load_slots(b));
  let first = chunk * ${chunkLength}u;
  let end = min(first + ${chunkLength}u, p.T);
  if (slot >= p.S) {
    ${part === 'states' ? '' : 'for (var t = first; t < end; t++) { y[(b * p.T + t) * p.D + channel] = 0.0; }'}
    return;
  }`;
}
