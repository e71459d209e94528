import type { Activation } from '@hybra/layers';

/** Names that configurations use for the activations of an MLP. */
export const mlpActivations = {
  silu: 'silu',
  swish: 'silu',
  gelu: 'gelu',
  gelu_python: 'gelu',
  gelu_new: 'geluTanh',
  gelu_fast: 'geluTanh',
  gelu_accurate: 'geluTanh',
  gelu_pytorch_tanh: 'geluTanh',
  relu: 'relu',
  relu2: 'relu2',
} as const satisfies Record<string, Activation>;

/** The one activation that a Mamba layer has after its convolution and in its gate. */
export const mambaActivations = { silu: 'silu', swish: 'silu' } as const;
