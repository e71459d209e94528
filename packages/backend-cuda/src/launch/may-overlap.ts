import type { Program } from '@hybra/spec';
import type { Launch } from './launch.js';

/** Files of kernels of which each begins with `begin` of native/common.cuh. */
const overlapping: ReadonlySet<string> = new Set([
  'unary',
  'binary',
  'move',
  'rows',
  'causal-conv',
  'ssd-step',
  'rope',
  'attention',
  'attention-decode',
]);

/** Whether a launch may start before the one before it has ended: its kernel waits before it reads what may change. */
export function mayOverlap(launch: Launch, program: Program): boolean {
  if (launch.kind !== 'kernel') return false;
  if (overlapping.has(launch.module)) return true;
  const constant = launch.overlaps?.constant;
  if (constant === undefined) return false;
  const { location } = program.buffers[constant]!;
  return location.kind === 'binding' && program.bindings[location.index]!.role === 'weight';
}
