import type { DType, OpName } from '@hybra/spec';
import type { OpDefinition, Tolerance } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import { normalizeAxis, type Tensor } from '../../graph/tensor.js';
import { reshape } from '../../graph/views.js';
import { floats, requireAttribute, requireDType } from '../checks.js';
import { div } from '../elementwise/binary.js';
import { cast } from '../elementwise/cast.js';
import { accumulated, exact } from '../tolerances.js';
import { widen } from '../widen.js';

const reducible: readonly DType[] = [...floats, 'i32'];

function reduceDefinition(name: OpName, tolerance: Tolerance): OpDefinition {
  return {
    name,
    tolerance,
    infer: ([x], attributes) => {
      requireDType(name, 'x', x!, reducible);
      const axes = attributes.axes as readonly number[];
      const rank = x!.shape.length;
      requireAttribute(
        name,
        attributes,
        'axes',
        `ascending axes from 0 to ${rank - 1}`,
        Array.isArray(axes) &&
          axes.every(
            (axis, index) =>
              Number.isInteger(axis) && axis < rank && axis > (index === 0 ? -1 : axes[index - 1]!),
          ),
      );
      return [{ dtype: x!.dtype, shape: x!.shape.filter((_, axis) => !axes.includes(axis)) }];
    },
  };
}

export const sumDefinition: OpDefinition = reduceDefinition('sum', accumulated);
export const maxDefinition: OpDefinition = reduceDefinition('max', exact);

/** Options of the reductions. */
export interface ReduceOptions {
  /** Keep the reduced axes with extent 1. Default is `false`. */
  readonly keepDims?: boolean;
}

/** One axis, several, or all of them when absent. Negative axes count from the end. */
export type Axes = number | readonly number[] | undefined;

/**
 * Sum over axes, accumulated in float32 or wider; the sum of nothing is 0.
 * @param x float or i32
 * @throws E_SHAPE when an axis does not exist; E_DTYPE
 */
export function sum(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return reduce(sumDefinition, x, axes, options);
}

/**
 * Largest element over axes; NaN if any is NaN. The maximum of nothing is −∞ (the smallest integer for i32).
 * @param x float or i32
 * @throws E_SHAPE when an axis does not exist; E_DTYPE
 */
export function max(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  return reduce(maxDefinition, x, axes, options);
}

/**
 * Arithmetic mean over axes, in float32 or wider; the mean of nothing is NaN.
 * @param x float
 * @throws E_SHAPE when an axis does not exist; E_DTYPE
 */
export function mean(x: Tensor, axes?: Axes, options: ReduceOptions = {}): Tensor {
  requireDType('mean', 'x', x, floats);
  const count = resolveAxes(x, axes).reduce((product, axis) => product * x.shape[axis]!, 1);
  return cast(div(sum(widen(x), axes, options), count), x.dtype);
}

function reduce(definition: OpDefinition, x: Tensor, axes: Axes, { keepDims }: ReduceOptions): Tensor {
  const resolved = resolveAxes(x, axes);
  const reduced = recordOne(definition, [x], { axes: resolved });
  if (keepDims !== true) return reduced;
  return reshape(
    reduced,
    x.shape.map((extent, axis) => (resolved.includes(axis) ? 1 : extent)),
  );
}

function resolveAxes(x: Tensor, axes: Axes): number[] {
  if (axes === undefined) return x.shape.map((_, axis) => axis);
  const listed = typeof axes === 'number' ? [axes] : axes;
  return [...new Set(listed.map((axis) => normalizeAxis(axis, x.rank)))].sort((a, b) => a - b);
}
