import { contiguousStrides, elementCount, formatType, HybraError } from '@hybra/spec';
import { copy } from '../ops/array/copy.js';
import { reshapedStrides } from './reshaped-strides.js';
import { normalizeAxis, Tensor } from './tensor.js';

/**
 * The same elements in another shape: a view where strides can say it (always for a contiguous tensor, and where
 * axes are split, not merged, or merged axes lie side by side); otherwise the elements are copied first.
 * @param shape one extent may be −1: it takes what is left
 * @throws E_SHAPE when the counts differ
 */
export function reshape(x: Tensor, shape: readonly number[]): Tensor {
  const resolved = resolveShape(x, shape);
  const strides = reshapedStrides(x, resolved);
  if (strides) return new Tensor(x.value, { shape: resolved, strides, offset: x.offset });
  const packed = copy(x);
  return new Tensor(packed.value, { shape: resolved, strides: contiguousStrides(resolved), offset: 0 });
}

function resolveShape(x: Tensor, shape: readonly number[]): number[] {
  const known = elementCount(shape.filter((extent) => extent !== -1));
  const resolved = shape.map((extent) => (extent === -1 ? (known === 0 ? 0 : x.size / known) : extent));
  const isValid =
    shape.filter((extent) => extent === -1).length <= 1 &&
    resolved.every((extent) => Number.isInteger(extent) && extent >= 0) &&
    elementCount(resolved) === x.size;
  if (!isValid) {
    throw new HybraError(
      'E_SHAPE',
      `reshape: ${formatType(x)} has ${x.size} elements, [${shape.join(', ')}] does not.`,
      { op: 'reshape', shape: x.shape, requested: shape },
    );
  }
  return resolved;
}

/** Axes in another order: axis `i` of the result is axis `axes[i]` of `x`. A view. @throws E_SHAPE */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  const order = axes.map((axis) => normalizeAxis(axis, x.rank));
  if (order.length !== x.rank || new Set(order).size !== x.rank) {
    throw new HybraError(
      'E_SHAPE',
      `permute: [${axes.join(', ')}] is no order of the axes of ${formatType(x)}.`,
      {
        op: 'permute',
        shape: x.shape,
        axes,
      },
    );
  }
  return new Tensor(x.value, {
    shape: order.map((axis) => x.shape[axis]!),
    strides: order.map((axis) => x.strides[axis]!),
    offset: x.offset,
  });
}

/** `x` with two axes exchanged. A view. @throws E_SHAPE */
export function transpose(x: Tensor, first = -2, second = -1): Tensor {
  const order = x.shape.map((_, axis) => axis);
  const a = normalizeAxis(first, x.rank);
  const b = normalizeAxis(second, x.rank);
  order[a] = b;
  order[b] = a;
  return permute(x, order);
}

/**
 * `x` repeated along axes of extent 1, aligned at the last axis (NumPy's rule). A view: nothing is copied.
 * @throws E_SHAPE
 */
export function expand(x: Tensor, shape: readonly number[]): Tensor {
  const lead = shape.length - x.rank;
  const strides = shape.map((extent, axis) => {
    const from = axis - lead;
    if (!Number.isInteger(extent) || extent < 0) return Number.NaN;
    if (from < 0) return 0;
    if (x.shape[from] === extent) return x.strides[from]!;
    if (x.shape[from] === 1) return 0;
    return Number.NaN;
  });
  if (lead < 0 || strides.some(Number.isNaN)) {
    throw new HybraError('E_SHAPE', `expand: ${formatType(x)} does not repeat to [${shape.join(', ')}].`, {
      op: 'expand',
      shape: x.shape,
      requested: shape,
    });
  }
  return new Tensor(x.value, { shape, strides, offset: x.offset });
}

/**
 * Elements `start`, `start + step`, … below `end` along one axis. A view.
 * @param start from 0 to the extent; negative counts from the end
 * @param end likewise; the extent when absent
 * @throws E_SHAPE, E_ARGUMENT
 */
export function slice(x: Tensor, axis: number, start: number, end?: number, step = 1): Tensor {
  const at = normalizeAxis(axis, x.rank);
  const extent = x.shape[at]!;
  const from = start < 0 ? start + extent : start;
  const to = end === undefined ? extent : end < 0 ? end + extent : end;
  if (
    !(
      Number.isInteger(step) &&
      step >= 1 &&
      Number.isInteger(from) &&
      Number.isInteger(to) &&
      from >= 0 &&
      from <= to &&
      to <= extent
    )
  ) {
    throw new HybraError(
      'E_SHAPE',
      `slice: ${start} … ${end ?? extent} by ${step} is outside axis ${at} of ${formatType(x)}.`,
      { op: 'slice', shape: x.shape, axis: at, start, end, step },
    );
  }
  const shape = x.shape.map((size, index) => (index === at ? Math.ceil((to - from) / step) : size));
  return new Tensor(x.value, {
    shape,
    strides: x.strides.map((stride, index) => (index === at ? stride * step : stride)),
    // A window without elements must not point outside its value.
    offset: elementCount(shape) === 0 ? x.offset : x.offset + from * x.strides[at]!,
  });
}

/** `x` cut along `axis` into parts of the given extents, which add up to the axis. Views. @throws E_SHAPE */
export function split(x: Tensor, extents: readonly number[], axis = -1): Tensor[] {
  const at = normalizeAxis(axis, x.rank);
  const total = extents.reduce((sum, extent) => sum + extent, 0);
  if (total !== x.shape[at]) {
    throw new HybraError(
      'E_SHAPE',
      `split: [${extents.join(', ')}] add up to ${total}, axis ${at} of ${formatType(x)} has ${x.shape[at]}.`,
      { op: 'split', shape: x.shape, axis: at, extents },
    );
  }
  let start = 0;
  return extents.map((extent) => {
    start += extent;
    return slice(x, at, start - extent, start);
  });
}

/** `x` with an axis of extent 1 put in before `axis` (−1: at the end). A view. @throws E_SHAPE */
export function unsqueeze(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.rank + 1);
  return new Tensor(x.value, {
    shape: [...x.shape.slice(0, at), 1, ...x.shape.slice(at)],
    strides: [...x.strides.slice(0, at), 0, ...x.strides.slice(at)],
    offset: x.offset,
  });
}

/** `x` without an axis of extent 1. A view. @throws E_SHAPE */
export function squeeze(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.rank);
  if (x.shape[at] !== 1) {
    throw new HybraError(
      'E_SHAPE',
      `squeeze: axis ${at} of ${formatType(x)} has extent ${x.shape[at]}, expected 1.`,
      {
        op: 'squeeze',
        shape: x.shape,
        axis: at,
      },
    );
  }
  return new Tensor(x.value, {
    shape: x.shape.filter((_, index) => index !== at),
    strides: x.strides.filter((_, index) => index !== at),
    offset: x.offset,
  });
}
