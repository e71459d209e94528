import type { Loops } from './collapse.js';

/** Called once per row of the innermost axis with the position at which each operand's row begins. */
export type RowVisit = (starts: readonly number[]) => void;

/**
 * Prepares a walk over all axes but the innermost, in row-major order. The returned function allocates
 * nothing: `starts` is one array, updated in place, and must not be kept by the visitor.
 */
export function rowWalk(loops: Loops): (visit: RowVisit) => void {
  const outer = loops.shape.slice(0, -1);
  const rows = outer.reduce((count, extent) => count * extent, 1);
  const isEmpty = loops.shape.includes(0);
  const counters = outer.map(() => 0);
  const starts = loops.strides.map(() => 0);
  const operands = starts.length;

  return (visit) => {
    if (isEmpty) return;
    counters.fill(0);
    starts.fill(0);
    for (let row = 0; row < rows; row++) {
      visit(starts);
      for (let axis = outer.length - 1; axis >= 0; axis--) {
        const extent = outer[axis]!;
        const wraps = ++counters[axis]! === extent;
        const steps = wraps ? 1 - extent : 1;
        for (let operand = 0; operand < operands; operand++) {
          starts[operand]! += steps * loops.strides[operand]![axis]!;
        }
        if (!wraps) break;
        counters[axis] = 0;
      }
    }
  };
}
