import { formatType, HybraError, isFloat } from '@hybra/spec';
import { fill, reshape, Tensor } from '@hybra/tensor';
import type { Recomputation } from './recompute.js';
import type { Target } from './reverse/order.js';
import { reverse, type Seed } from './reverse/reverse.js';
import { ValueMap } from './reverse/value-map.js';

/** Options of {@link gradients}. */
export interface GradientOptions {
  /** What the gradient of `loss` itself is, of its type; ones when absent. */
  readonly cotangent?: Tensor;
  /** Further tensors with gradients of their own, such as states that the next piece of a sequence reads. */
  readonly also?: readonly { readonly tensor: Tensor; readonly cotangent: Tensor }[];
  /** The pieces that are recorded again instead of being kept. */
  readonly recomputation?: Recomputation;
}

/**
 * The gradient of `loss` with respect to each of `wrt`, as tensors recorded beside the computation: compile them
 * together. Gradients flow through every op on floats: by a rule where there is one, else through the op's
 * decomposition. Comparisons, rounding and indices pass none.
 *
 * At kinks a one-sided derivative is taken (of `maximum(x, 0)` at 0 it is 0, of `abs` at 0 it is 0); a maximum
 * along an axis shares its gradient among equals.
 * @param loss float, any shape; several elements are summed
 * @param wrt whole tensors (or reshapes of them): stored, placeholders, literals or results of calls
 * @returns as `wrt`, in its order; zeros where the loss does not depend on one
 * @throws E_DTYPE for what is no float; E_ARGUMENT for a window on part of a value; E_SHAPE
 * @example
 * const [dw] = gradients(sum(square(sub(matmul(x, w), y))), [w]);
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[], options: GradientOptions = {}): Tensor[] {
  requireFloat('the loss', loss);
  const seeds: Seed[] = [
    { tensor: loss, cotangent: options.cotangent ?? fill(loss.shape, 1, loss.dtype) },
    ...(options.also ?? []),
  ];
  for (const { tensor, cotangent } of seeds) checkSeed(tensor, cotangent);
  const targets = new ValueMap<Target>();
  for (const [index, tensor] of wrt.entries()) {
    requireFloat(`wrt[${index}]`, tensor);
    if (!tensor.isWhole) {
      throw new HybraError(
        'E_ARGUMENT',
        `gradients: wrt[${index}] is a window on part of a value, ${formatType(tensor)}. Give the whole tensor and slice its gradient.`,
        { index, shape: tensor.shape, strides: tensor.strides, offset: tensor.offset },
      );
    }
    targets.set(tensor.value, 'pass');
  }
  const { gradientOf } = reverse(seeds, {
    targets,
    collected: wrt.map(({ value }) => value),
    segments: options.recomputation?.segments ?? new ValueMap(),
  });
  return wrt.map((tensor) => {
    const gradient = gradientOf(tensor.value);
    return gradient ? reshape(gradient, tensor.shape) : fill(tensor.shape, 0, tensor.dtype);
  });
}

function requireFloat(argument: string, tensor: Tensor): void {
  if (!Tensor.isInstance(tensor)) {
    throw new HybraError('E_ARGUMENT', `gradients: ${argument} is ${typeof tensor}, expected a Tensor.`, {
      argument,
    });
  }
  if (!isFloat(tensor.dtype)) {
    throw new HybraError(
      'E_DTYPE',
      `gradients: ${argument} is ${formatType(tensor)}; only floats have gradients.`,
      { argument, dtype: tensor.dtype },
    );
  }
}

function checkSeed(tensor: Tensor, cotangent: Tensor): void {
  requireFloat('a seed', tensor);
  if (formatType(tensor) === formatType(cotangent)) return;
  throw new HybraError(
    'E_SHAPE',
    `gradients: the gradient of ${formatType(tensor)} is given as ${formatType(cotangent)}, expected the same type.`,
    { expected: tensor.shape, shape: cotangent.shape },
  );
}
