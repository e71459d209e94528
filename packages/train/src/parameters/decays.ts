import type { ParameterSpec } from '@hybra/models';

/**
 * Whether weight decay applies to a parameter: to matrices and tables, not to norms, biases, convolutions,
 * decay rates, skips and time-step biases (the papers of Mamba and Mamba-2, and their reference code).
 */
export function decays({ name, shape, precision }: ParameterSpec): boolean {
  return shape.length >= 2 && precision === 'narrow' && !/convolution|logDecay|recurrence|skip/.test(name);
}
