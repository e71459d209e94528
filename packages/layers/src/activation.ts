import { gelu, mul, relu, silu, square, type Tensor } from '@hybra/tensor';

/** Activations between the matrices of an MLP. `relu2` is the squared ReLU (So et al. 2021). */
export const activations = ['silu', 'gelu', 'geluTanh', 'relu', 'relu2'] as const;

/** One of {@link activations}. */
export type Activation = (typeof activations)[number];

/** Applies an activation elementwise. */
export function activate(activation: Activation, x: Tensor): Tensor {
  switch (activation) {
    case 'silu':
      return silu(x);
    case 'gelu':
      return gelu(x, { approximate: 'none' });
    case 'geluTanh':
      return gelu(x, { approximate: 'tanh' });
    case 'relu':
      return relu(x);
    case 'relu2':
      return square(relu(x));
    default:
      return mul(x, activation satisfies never);
  }
}
