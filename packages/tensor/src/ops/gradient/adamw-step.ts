import type { OpDefinition } from '../../graph/op-definition.js';
import { record } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { reshape, slice } from '../../graph/views.js';
import { requireAttribute, requireDType } from '../checks.js';
import { add, div, less, mul, sub } from '../elementwise/binary.js';
import { square } from '../elementwise/derived.js';
import { select } from '../elementwise/select.js';
import { abs, sqrt } from '../elementwise/unary.js';
import { matchShapes } from '../match-shapes.js';
import { rounded } from '../tolerances.js';
import { requireGradientOf } from './check-gradient.js';

const op = 'adamwStep';

export const adamwStepDefinition: OpDefinition = {
  name: op,
  // A parameter moves by a little: the difference of the two roundings is beside its own size.
  tolerance: { ...rounded, f32: { relative: 4e-6, absolute: 1e-7 } },
  infer: ([parameter, first, second, gradient, numbers], attributes) => {
    requireDType(op, 'parameter', parameter!, ['f32']);
    for (const [name, type] of [
      ['first', first!],
      ['second', second!],
      ['gradient', gradient!],
    ] as const) {
      requireGradientOf(op, ['parameter', parameter!], [name, type]);
    }
    requireDType(op, 'numbers', numbers!, ['f32']);
    matchShapes(op, [['numbers', numbers!, '4']]);
    for (const name of ['beta1', 'beta2', 'epsilon', 'decay']) {
      const value = attributes[name];
      const isSensible = typeof value === 'number' && value >= 0 && Number.isFinite(value);
      requireAttribute(op, attributes, name, 'a number from 0', isSensible);
    }
    return [parameter!, first!, second!];
  },
  decompose: ([parameter, first, second, gradient, numbers], attributes) => {
    const [beta1, beta2, epsilon, decay] = ['beta1', 'beta2', 'epsilon', 'decay'].map(
      (name) => attributes[name] as number,
    ) as [number, number, number, number];
    const [rate, firstCorrection, secondCorrection, scale] = [0, 1, 2, 3].map((index) =>
      reshape(slice(numbers!, 0, index, index + 1), []),
    ) as [Tensor, Tensor, Tensor, Tensor];
    const g = mul(gradient!, scale);
    const m = add(mul(first!, beta1), mul(g, 1 - beta1));
    const v = add(mul(second!, beta2), mul(square(g), 1 - beta2));
    const direction = div(mul(m, firstCorrection), add(sqrt(mul(v, secondCorrection)), epsilon));
    const update = decay === 0 ? direction : add(direction, mul(parameter!, decay));
    const isSound = less(abs(scale), Number.POSITIVE_INFINITY); // false for NaN
    return [
      select(isSound, sub(parameter!, mul(update, rate)), parameter!),
      select(isSound, m, first!),
      select(isSound, v, second!),
    ];
  },
};

/** What {@link adamwStep} changes: tensors of one shape in float32. */
export interface AdamwMoments {
  readonly parameter: Tensor;
  /** Running mean of the gradient. */
  readonly first: Tensor;
  /** Running mean of its square. */
  readonly second: Tensor;
}

/** Numbers of {@link adamwStep} that stay the same over a training. */
export interface AdamwStepOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Weight decay; 0 for none. */
  readonly decay: number;
}

/**
 * One step of AdamW (Loshchilov & Hutter 2019, Algorithm 2), in one pass over memory where a backend has a kernel.
 * @param moments the parameter and its moments
 * @param gradient f32, as the parameter
 * @param numbers f32[4]: learning rate, 1 / (1 − β₁ᵗ), 1 / (1 − β₂ᵗ) and what the gradient is multiplied by; where
 * that is not finite, nothing changes
 * @returns parameter and moments after the step
 * @throws E_SHAPE, E_DTYPE, E_ARGUMENT
 */
export function adamwStep(
  moments: AdamwMoments,
  gradient: Tensor,
  numbers: Tensor,
  { beta1, beta2, epsilon, decay }: AdamwStepOptions,
): AdamwMoments {
  const { parameter, first, second } = moments;
  const outputs = record(adamwStepDefinition, [parameter, first, second, gradient, numbers], {
    beta1,
    beta2,
    epsilon,
    decay,
  });
  return { parameter: outputs[0]!, first: outputs[1]!, second: outputs[2]! };
}
