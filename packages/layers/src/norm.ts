import { layerNorm, literal, rmsNorm, type Tensor } from '@hybra/tensor';
import { type ParameterTree, presentParameters } from './parameters.js';

/** A normalisation along the last axis. */
export interface Norm {
  /** @param x `f32[…, D]` */
  forward(x: Tensor): Tensor;
  parameters(): ParameterTree;
}

/**
 * x / √(mean(x²) + ε) · weight (Zhang & Sennrich 2019).
 * @param weight `f32[D]`
 */
export function rmsNormLayer(weight: Tensor, options: { readonly epsilon: number }): Norm {
  return Object.freeze({
    forward: (x: Tensor): Tensor => rmsNorm(x, weight, { epsilon: options.epsilon }),
    parameters: () => Object.freeze({ weight }),
  });
}

/**
 * (x − mean) / √(variance + ε) · weight + bias. LayerNorm-1p (Megatron's `apply_layernorm_1p`) is this with
 * 1 added to its stored weight once, when it is loaded.
 * @param weight `f32[D]`
 * @param bias `f32[D]`
 */
export function layerNormLayer(
  weight: Tensor,
  bias: Tensor | undefined,
  options: { readonly epsilon: number },
): Norm {
  return Object.freeze({
    forward: (x: Tensor): Tensor => layerNorm(x, weight, bias, { epsilon: options.epsilon }),
    parameters: () => presentParameters({ weight, bias }),
  });
}

/** RMSNorm without weights, of values of any width. */
export function plainRmsNorm(options: { readonly epsilon: number }): Norm {
  return Object.freeze({
    forward(x: Tensor): Tensor {
      const width = x.shape.at(-1)!;
      return rmsNorm(x, literal(new Float32Array(width).fill(1), [width], 'f32'), options);
    },
    parameters: () => Object.freeze({}),
  });
}
