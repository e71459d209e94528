import { elementCount, formatType, HybraError } from '@hybra/spec';
import { fill, pad, reshape, slice, type Tensor } from '@hybra/tensor';
import { type CompactWindow, compactWindow, type WindowBox, windowBox } from './window-box.js';

/**
 * The gradient of a value from the gradient of a window on it: elements go back to where they were read,
 * repeated ones are summed, the rest is zero.
 * @param gradient as the window's shape
 * @param window made by any sequence of reshape, permute, expand and slice
 * @returns as the value's shape
 * @throws E_ARGUMENT for a window that reads an element along two axes, which no view makes
 */
export function scatterWindow(gradient: Tensor, window: Tensor): Tensor {
  const { shape } = window.value;
  if (window.isWhole) return reshape(gradient, shape);
  if (window.size === 0) return fill(shape, 0, gradient.dtype);
  const compact = compactWindow(gradient, window);
  const size = elementCount(shape);
  const box = windowBox(compact, size);
  return reshape(box ? padBox(compact.gradient, box) : spread(compact, size), shape);
}

/** A box's gradient with zeros around it. */
export function padBox(gradient: Tensor, { dims, starts, extents }: WindowBox): Tensor {
  return pad(
    reshape(gradient, extents),
    starts,
    dims.map((dim, axis) => dim - starts[axis]! - extents[axis]!),
  );
}

/** Lays rows of a window out at their strides, from the innermost axis outwards; gives the flat value. */
function spread({ gradient, axes, offset }: CompactWindow, size: number): Tensor {
  let run = reshape(gradient, [...gradient.shape, 1]);
  for (const [index, { extent, stride }] of [...axes.entries()].reverse()) {
    const inner = axes[index + 1];
    if (inner && (inner.extent - 1) * inner.stride >= stride) throw overlapping(gradient, axes);
    run = resizeLast(run, stride); // what is cut off is padding
    run = reshape(run, [...run.shape.slice(0, -2), extent * stride]);
  }
  const cut = resizeLast(run, Math.min(run.shape[0]!, size - offset));
  return pad(cut, [offset], [size - offset - cut.shape[0]!]);
}

function resizeLast(x: Tensor, extent: number): Tensor {
  const last = x.shape[x.rank - 1]!;
  if (last >= extent) return slice(x, -1, 0, extent);
  const none = x.shape.map(() => 0);
  return pad(x, none, [...none.slice(1), extent - last]);
}

function overlapping(gradient: Tensor, axes: CompactWindow['axes']): HybraError {
  return new HybraError(
    'E_ARGUMENT',
    `gradients: a window of ${formatType(gradient)} reads elements more than once along strides ${axes.map(({ stride }) => stride).join(', ')}. Use expand, or copy it first.`,
    { shape: gradient.shape, strides: axes.map(({ stride }) => stride) },
  );
}
