import type { Tensor } from '../../graph/tensor.js';
import { reshape } from '../../graph/views.js';
import { pad } from '../array/pad.js';

/**
 * `[B, T, …]` → `[B, c, Q, …]`: the second axis cut into chunks of Q positions, the last one filled up with zeros.
 * @param positions Q, from 1
 * @param rest the axes after Q, of as many elements as `input` has there. Default is to keep them
 */
export function inChunks(
  input: Tensor,
  positions: number,
  rest: readonly number[] = input.shape.slice(2),
): Tensor {
  const [batch, length] = input.shape as [number, number];
  const chunks = Math.ceil(length / positions);
  const after = input.shape.map((_, axis) => (axis === 1 ? chunks * positions - length : 0));
  const before = input.shape.map(() => 0);
  const padded = after[1] === 0 ? input : pad(input, before, after);
  return reshape(padded, [batch, chunks, positions, ...rest]);
}
