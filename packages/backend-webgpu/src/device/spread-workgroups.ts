/** Workgroups that one dimension of a dispatch takes, by the WebGPU specification's default limit. */
const perDimension = 65535;

/**
 * Spreads workgroups along x over x and y where they are too many. Shaders number themselves by
 * `g.y * n.x + g.x` and stop at the end, so a few too many do no harm.
 */
export function spreadWorkgroups([x, y, z]: readonly [number, number, number]): [number, number, number] {
  if (x <= perDimension) return [x, y, z];
  if (y !== 1) throw new RangeError(`a dispatch of ${x} × ${y} workgroups cannot be spread`);
  const rows = Math.ceil(x / perDimension);
  return [Math.ceil(x / rows), rows, z];
}
