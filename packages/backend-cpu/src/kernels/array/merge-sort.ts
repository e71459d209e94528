import type { HostArray } from '@hybra/spec';

/**
 * Stable bottom-up merge sort of positions by their values, without moving the values. NaN counts as larger
 * than +∞ and −0 as equal to 0.
 * @param positions on return, 0 … count − 1 in order; `spare` is as long
 */
export function sortPositions(
  values: HostArray,
  from: number,
  count: number,
  isDescending: boolean,
  positions: Uint32Array,
  spare: Uint32Array,
): void {
  let source = positions;
  let target = spare;
  for (let i = 0; i < count; i++) positions[i] = i;
  for (let width = 1; width < count; width *= 2) {
    for (let left = 0; left < count; left += 2 * width) {
      const middle = Math.min(left + width, count);
      const right = Math.min(left + 2 * width, count);
      merge(values, from, isDescending, source, target, left, middle, right);
    }
    [source, target] = [target, source];
  }
  if (source !== positions) for (let i = 0; i < count; i++) positions[i] = source[i]!;
}

function merge(
  values: HostArray,
  from: number,
  isDescending: boolean,
  source: Uint32Array,
  target: Uint32Array,
  left: number,
  middle: number,
  right: number,
): void {
  let i = left;
  let j = middle;
  for (let to = left; to < right; to++) {
    let takesRight = i >= middle;
    if (!takesRight && j < right) {
      const a = values[from + source[i]!]!;
      const b = values[from + source[j]!]!;
      // Only a strictly smaller (larger) right one overtakes: `b < a` with NaN above everything.
      takesRight = isDescending ? !(a >= b) && !Number.isNaN(a) : !(b >= a) && !Number.isNaN(b);
    }
    target[to] = takesRight ? source[j++]! : source[i++]!;
  }
}
