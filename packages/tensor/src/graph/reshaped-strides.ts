import { contiguousStrides, elementCount, isContiguous, type StridedType } from '@hybra/spec';

/**
 * The strides under which a window has another shape of as many elements, or undefined where no strides say it.
 * Axes of the window that lie side by side are taken as one; each such run is then cut as the new shape asks.
 */
export function reshapedStrides(
  window: Pick<StridedType, 'shape' | 'strides'>,
  shape: readonly number[],
): number[] | undefined {
  if (isContiguous(window) || elementCount(shape) === 0) return contiguousStrides(shape);
  const runs = sideBySide(window);
  const strides = new Array<number>(shape.length).fill(0);
  let run = runs.pop();
  let used = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis]!;
    if (extent === 1) continue;
    if (run && used === run.extent) {
      run = runs.pop();
      used = 1;
    }
    if (!run || run.extent % (used * extent) !== 0) return undefined;
    strides[axis] = used * run.stride;
    used *= extent;
  }
  return strides;
}

/** The axes of a window from the first on, neighbours that lie side by side merged, extents of 1 left out. */
function sideBySide({ shape, strides }: Pick<StridedType, 'shape' | 'strides'>) {
  const runs: { extent: number; stride: number }[] = [];
  for (const [axis, extent] of shape.entries()) {
    if (extent === 1) continue;
    const stride = strides[axis]!;
    const last = runs.at(-1);
    if (last && last.stride === extent * stride) {
      last.extent *= extent;
      last.stride = stride;
    } else {
      runs.push({ extent, stride });
    }
  }
  return runs;
}
