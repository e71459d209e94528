import { exp, neg, type Tensor } from '@hybra/tensor';

/**
 * A = −e^(A_log), in float32: the decay rates of a state-space layer from their stored logarithm, which keeps
 * them negative whatever training does (Gu & Dao 2023, §3.5). For inference fold it once when loading.
 */
export function decayFromLog(logDecay: Tensor): Tensor {
  return neg(exp(logDecay));
}
