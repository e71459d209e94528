import { type DType, elementCount, HybraError, hostArray, isHalf } from '@hybra/spec';
import { Tensor } from '../../graph/tensor.js';
import { requireRepresentable } from '../checks.js';
import { cast } from '../elementwise/cast.js';
import { fill } from './fill.js';

/**
 * A constant known when recording. A program uploads it once, when it is compiled.
 * @param values row-major; copied. As many as `shape` has elements
 * @param dtype default `f32`; integers must be whole numbers, `bool` takes 0 and 1
 * @throws E_SHAPE when the counts differ; E_ARGUMENT when an integer is not whole
 * @example
 * const inverseFrequencies = literal([1, 0.1, 0.01], [3], 'f32');
 */
export function literal(values: ArrayLike<number>, shape: readonly number[], dtype: DType = 'f32'): Tensor {
  const count = elementCount(shape);
  if (values.length !== count) {
    throw new HybraError(
      'E_SHAPE',
      `literal: ${values.length} values do not fill [${shape.join(', ')}], which has ${count} elements.`,
      { op: 'literal', shape, length: values.length },
    );
  }
  if (isHalf(dtype)) return cast(literal(values, shape, 'f32'), dtype);
  const data = hostArray(dtype, count);
  for (let index = 0; index < count; index++) {
    const value = values[index]!;
    requireRepresentable('literal', value, dtype);
    data[index] = value;
  }
  return new Tensor(Object.freeze({ kind: 'literal', dtype, shape: Object.freeze([...shape]), data }));
}

/**
 * One number as a tensor without axes.
 * @param dtype default `f32`
 * @throws E_ARGUMENT when an integer is not whole
 */
export function scalar(value: number, dtype: DType = 'f32'): Tensor {
  return isHalf(dtype) ? fill([], value, dtype) : literal([value], [], dtype);
}
