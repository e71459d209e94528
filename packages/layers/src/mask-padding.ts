import { select, type Tensor, unsqueeze } from '@hybra/tensor';
import type { StepContext } from './step-context.js';

/**
 * Time steps with those of padded tokens set to 0, which leaves a state as it is: decay e⁰ = 1, input 0.
 * @param dt `f32[B, T, …]` of rank 3
 */
export function maskPadding(dt: Tensor, context: StepContext): Tensor {
  return select(unsqueeze(context.valid, 2), dt, 0);
}
