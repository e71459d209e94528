import { elementCount } from '@hybra/spec';
import { add, cast, concat, fill, pad, reshape, type Tensor, type Value } from '@hybra/tensor';
import { scatterWindow } from './scatter-window.js';
import { type CompactWindow, compactWindow, isWholeBox, type WindowBox, windowBox } from './window-box.js';

/** What one use of a value adds to its gradient. */
export interface Contribution {
  /** As the window's shape. */
  readonly gradient: Tensor;
  /** The window on the value that was used. */
  readonly window: Tensor;
}

interface Boxed {
  readonly compact: CompactWindow;
  readonly box: WindowBox;
}

/**
 * The sum of the contributions to a value, in its shape and dtype. Parts of a value that was split are laid
 * side by side instead of being padded and added.
 */
export function sumContributions(value: Value, contributions: readonly Contribution[]): Tensor | undefined {
  if (contributions.length === 0) return undefined;
  const cut = contributions.filter(({ window }) => !window.isWhole && window.size > 0);
  const joined = cut.length > 1 ? joinSlices(value, cut) : undefined;
  const rest = joined ? contributions.filter((each) => !cut.includes(each)) : contributions;
  const terms = rest.map(({ gradient, window }) => scatterWindow(cast(gradient, value.dtype), window));
  if (joined) terms.push(joined);
  return terms.reduce((total, term) => add(total, term));
}

/** Windows that lie one after the other along one axis, as one concatenation. */
function joinSlices(value: Value, contributions: readonly Contribution[]): Tensor | undefined {
  const size = elementCount(value.shape);
  const boxes: Boxed[] = [];
  for (const { gradient, window } of contributions) {
    const compact = compactWindow(cast(gradient, value.dtype), window);
    const box = windowBox(compact, size);
    if (!box || isWholeBox(box)) return undefined;
    const same = boxes.findIndex((other) => isSameBox(other.box, box));
    if (same < 0) boxes.push({ compact, box });
    else boxes[same] = { compact: sumOf(boxes[same]!.compact, compact), box };
  }
  const first = boxes[0]!.box;
  const differing = first.dims.flatMap((_, axis) =>
    boxes.every(
      ({ box }) => box.starts[axis] === first.starts[axis] && box.extents[axis] === first.extents[axis],
    )
      ? []
      : [axis],
  );
  const isSameValue = boxes.every(
    ({ box }) =>
      box.dims.length === first.dims.length && box.dims.every((dim, axis) => dim === first.dims[axis]),
  );
  // All on one window: nothing is side by side, and it is padded once.
  const axis =
    differing[0] ??
    (boxes.length === 1 ? first.dims.findIndex((dim, at) => dim !== first.extents[at]) : undefined);
  if (!isSameValue || axis === undefined || differing.length > 1) return undefined;
  const parts = layOut(boxes, axis);
  if (!parts) return undefined;
  const along = concat(parts, axis);
  const before = first.starts.map((start, at) => (at === axis ? 0 : start));
  const after = first.dims.map((dim, at) => dim - before[at]! - along.shape[at]!);
  const isPadded = [...before, ...after].some((count) => count > 0);
  return reshape(isPadded ? pad(along, before, after) : along, value.shape);
}

function isSameBox(a: WindowBox, b: WindowBox): boolean {
  return (['dims', 'starts', 'extents'] as const).every(
    (part) => a[part].length === b[part].length && a[part].every((each, axis) => each === b[part][axis]),
  );
}

/** Two gradients of one window as one. */
function sumOf(a: CompactWindow, b: CompactWindow): CompactWindow {
  return { ...a, gradient: add(a.gradient, b.gradient) };
}

/** The parts in order with zeros in the gaps; `undefined` if two overlap. */
function layOut(boxes: readonly Boxed[], axis: number): Tensor[] | undefined {
  const sorted = [...boxes].sort((a, b) => a.box.starts[axis]! - b.box.starts[axis]!);
  const { dims, extents } = sorted[0]!.box;
  const parts: Tensor[] = [];
  let at = 0;
  const gapTo = (end: number, dtype: Tensor['dtype']): void => {
    if (end > at)
      parts.push(
        fill(
          extents.map((extent, index) => (index === axis ? end - at : extent)),
          0,
          dtype,
        ),
      );
  };
  for (const { compact, box } of sorted) {
    const start = box.starts[axis]!;
    if (start < at) return undefined;
    gapTo(start, compact.gradient.dtype);
    parts.push(reshape(compact.gradient, box.extents));
    at = start + box.extents[axis]!;
  }
  gapTo(dims[axis]!, sorted[0]!.compact.gradient.dtype);
  return parts;
}
