import { formatType, HybraError } from '@hybra/spec';
import { add, isQuantizedWeight, matmul, quantizedMatmul, type Tensor } from '@hybra/tensor';
import { type ParameterTree, presentParameters } from './parameters.js';
import { type Weight, weightParameters } from './weight.js';

/** y = x Wᵀ + b. */
export interface Linear {
  /** Width of the input. */
  readonly inputs: number;
  /** Width of the output. */
  readonly outputs: number;
  /** @param x `f32[…, inputs]` @returns `f32[…, outputs]` */
  forward(x: Tensor): Tensor;
  parameters(): ParameterTree;
}

/**
 * A linear map. The weight may be narrower than the activations (`f16` or `bf16` beside `f32`) or quantised;
 * products are accumulated in float32.
 * @param weight `[outputs, inputs]`
 * @param bias `f32[outputs]`
 * @throws E_SHAPE
 */
export function linear(weight: Weight, bias?: Tensor): Linear {
  const [outputs, inputs] = weight.shape;
  if (!isQuantizedWeight(weight) && weight.rank !== 2) {
    throw new HybraError('E_SHAPE', `linear: weight is ${formatType(weight)}, expected [outputs, inputs].`, {
      shape: weight.shape,
    });
  }
  if (bias && (bias.rank !== 1 || bias.shape[0] !== outputs)) {
    throw new HybraError('E_SHAPE', `linear: bias is ${formatType(bias)}, expected [${outputs}].`, {
      shape: bias.shape,
    });
  }
  return Object.freeze({
    inputs: inputs!,
    outputs: outputs!,
    forward(x: Tensor): Tensor {
      const product = isQuantizedWeight(weight)
        ? quantizedMatmul(x, weight)
        : matmul(x, weight, { transposeB: true });
      return bias ? add(product, bias) : product;
    },
    parameters: () => presentParameters({ ...weightParameters('weight', weight), bias }),
  });
}
