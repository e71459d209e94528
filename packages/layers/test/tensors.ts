import { elementCount } from '@hybra/spec';
import { literal, type Tensor } from '@hybra/tensor';

/** Numbers that look random and are the same every time. */
export function noise(shape: readonly number[], seed = 1): Tensor {
  const values = Float32Array.from(
    { length: elementCount(shape) },
    (_, index) => Math.sin((index + 1) * 12.9898 * seed) * 0.5,
  );
  return literal(values, shape, 'f32');
}

/** `i32[values.length]` */
export function rows(values: readonly number[]): Tensor {
  return literal(Int32Array.from(values), [values.length], 'i32');
}
