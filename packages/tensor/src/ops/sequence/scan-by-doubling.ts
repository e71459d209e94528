import type { Tensor } from '../../graph/tensor.js';
import { slice } from '../../graph/views.js';
import { concat } from '../array/concat.js';
import { add, mul } from '../elementwise/binary.js';

/**
 * All h[t] = decay[t] · h[t − 1] + input[t] along the first axis, with h[−1] = 0, by doubling (Hillis & Steele
 * 1986): after the step with distance s each place covers its last 2s positions.
 * @param decay float[T, …]
 * @param input as `decay`
 * @returns h, as `input`, in O(log T) nodes
 */
export function scanByDoubling(decay: Tensor, input: Tensor): Tensor {
  const length = input.shape[0]!;
  let h = input;
  let factor = decay;
  for (let distance = 1; distance < length; distance *= 2) {
    const later = slice(factor, 0, distance);
    const earlier = length - distance;
    const advanced = add(slice(h, 0, distance), mul(later, slice(h, 0, 0, earlier)));
    h = concat([slice(h, 0, 0, distance), advanced], 0);
    if (distance * 2 < length) {
      const products = mul(later, slice(factor, 0, 0, earlier));
      factor = concat([slice(factor, 0, 0, distance), products], 0);
    }
  }
  return h;
}
