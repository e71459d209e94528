import { elementCount, type StridedType } from '@hybra/spec';
import { permute, reshape, sum, type Tensor } from '@hybra/tensor';

/**
 * The gradient of a window with its repeated axes summed, its axes from the widest stride to the narrowest, those
 * that lie as one joined: two windows on one value then have the same axes, whatever their shapes were.
 */
export interface CompactWindow {
  readonly gradient: Tensor;
  /** Extent and stride of each axis, strides descending; none has extent 1 or stride 0. */
  readonly axes: readonly { readonly extent: number; readonly stride: number }[];
  readonly offset: number;
}

/** A window as a box in its value: the value reshaped to `dims`, cut from `starts` by `extents`. */
export interface WindowBox {
  readonly dims: readonly number[];
  readonly starts: readonly number[];
  readonly extents: readonly number[];
}

/**
 * Undoes `expand`, `permute` and `reshape`: sums what was repeated and orders the axes as the value lies in memory.
 * @param gradient as the window's shape
 */
export function compactWindow(gradient: Tensor, window: StridedType): CompactWindow {
  const axes = window.shape.map((extent, axis) => ({ axis, extent, stride: window.strides[axis]! }));
  const repeated = axes.filter(({ extent, stride }) => extent > 1 && stride === 0).map(({ axis }) => axis);
  const summed = repeated.length > 0 ? sum(gradient, repeated, { keepDims: true }) : gradient;
  const kept = axes.filter(({ extent, stride }) => extent !== 1 && stride !== 0);
  const flat = reshape(
    summed,
    kept.map(({ extent }) => extent),
  );
  const order = kept.map((_, index) => index).sort((a, b) => kept[b]!.stride - kept[a]!.stride);
  const isOrdered = order.every((from, to) => from === to);
  const joined: { extent: number; stride: number }[] = [];
  for (const index of order) {
    const { extent, stride } = kept[index]!;
    const outer = joined.at(-1);
    if (outer?.stride === extent * stride)
      joined[joined.length - 1] = { extent: outer.extent * extent, stride };
    else joined.push({ extent, stride });
  }
  return {
    gradient: reshape(
      isOrdered ? flat : permute(flat, order),
      joined.map(({ extent }) => extent),
    ),
    axes: joined,
    offset: window.offset,
  };
}

/** The box that a window is of a value with `size` elements; `undefined` where it is none (uneven steps). */
export function windowBox({ axes, offset }: CompactWindow, size: number): WindowBox | undefined {
  const steps = axes.at(-1)?.stride === 1 ? axes : [...axes, { extent: 1, stride: 1 }];
  const dims: number[] = [];
  const starts: number[] = [];
  let rest = offset;
  let wider = size;
  for (const { extent, stride } of steps) {
    const dim = wider / stride;
    const start = Math.floor(rest / stride);
    if (!Number.isInteger(dim) || start + extent > dim) return undefined;
    dims.push(dim);
    starts.push(start);
    rest -= start * stride;
    wider = stride;
  }
  return { dims, starts, extents: steps.map(({ extent }) => extent) };
}

/** Whether a box is its whole value. */
export function isWholeBox({ dims, extents }: WindowBox): boolean {
  return elementCount(dims) === elementCount(extents);
}
