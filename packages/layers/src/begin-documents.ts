/*
 * Scans over packed documents: the state of a selective scan decays by e^(dt A) from token to token, so that a long
 * time step forgets what came before.
 */
import { div, mul, select, type Tensor, unsqueeze } from '@hybra/tensor';
import type { StepContext } from './step-context.js';

/**
 * The decay at the beginning of a document is e^(−24) = 4 · 10⁻¹¹, which float32 does not see beside any state of
 * the size of the one before. It is not larger because kernels subtract sums of decays within a chunk: the sums
 * should stay small enough to be exact to some 10⁻⁶.
 */
const forgetting = 24;

/**
 * Makes a scan forget the document before: the first token of each gets a time step dt′ with dt′ A = −24 for the
 * slowest rate A, and an input x′ = x dt / dt′, so that dt′ x′ B is dt x B. Without packed documents nothing changes.
 * @param inputs x `[B, T, H]` or `[B, T, H, P]`, dt `f32[B, T, H]`
 * @param rates `f32[H]`, the slowest decay rate of each, negative
 */
export function beginDocuments(
  inputs: { readonly x: Tensor; readonly dt: Tensor },
  rates: Tensor,
  { packed }: StepContext,
): { readonly x: Tensor; readonly dt: Tensor } {
  if (!packed) return inputs;
  const { x, dt } = inputs;
  const isFirst = unsqueeze(packed.isFirst, 2); // [B, T, 1]
  const long = div(-forgetting, rates); // [H]
  const share = select(isFirst, div(dt, long), 1);
  return {
    x: mul(x, x.rank > share.rank ? unsqueeze(share, 3) : share),
    dt: select(isFirst, long, dt),
  };
}

/** The logarithm of a decay, `f32[B, T, H]`, that of the first token of a packed document made to forget. */
export function forgetBefore(logDecay: Tensor, { packed }: StepContext): Tensor {
  return packed ? select(unsqueeze(packed.isFirst, 2), -forgetting, logDecay) : logDecay;
}
