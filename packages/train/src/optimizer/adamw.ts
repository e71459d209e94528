/*
 * AdamW (Loshchilov & Hutter 2019, Algorithm 2).
 *
 *   g  gradient      m, v  running means of g and g²      η  learning rate      λ  weight decay      t  step from 1
 *
 *   m ← β₁ m + (1 − β₁) g          v ← β₂ v + (1 − β₂) g²
 *   θ ← θ − η ( (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε) + λ θ )
 */
import { type AdamwMoments, adamwStep, type Tensor } from '@hybra/tensor';

/** Numbers of AdamW that stay the same over a training. */
export interface AdamWOptions {
  /** Default is 0.9. */
  readonly beta1?: number;
  /** Default is 0.95, as in the papers of Mamba and Mamba-2. */
  readonly beta2?: number;
  /** Default is 1e-8. */
  readonly epsilon?: number;
  /** Of the parameters that decay. Default is 0.1. */
  readonly weightDecay?: number;
}

/** The options with their defaults. */
export type AdamWSettings = Required<AdamWOptions>;

/** Fills in the defaults. */
export function adamWSettings(options: AdamWOptions = {}): AdamWSettings {
  const { beta1 = 0.9, beta2 = 0.95, epsilon = 1e-8, weightDecay = 0.1 } = options;
  return { beta1, beta2, epsilon, weightDecay };
}

/** Learning rate η, 1 / (1 − β₁ᵗ) and 1 / (1 − β₂ᵗ). @param step t, from 1 */
export function stepNumbers(step: number, learningRate: number, settings: AdamWSettings): Float32Array {
  return Float32Array.of(learningRate, 1 / (1 - settings.beta1 ** step), 1 / (1 - settings.beta2 ** step));
}

/**
 * One step of AdamW for one parameter.
 * @param gradient as the parameter
 * @param numbers f32[4]: those of {@link stepNumbers}, and what the gradient is multiplied by; nothing changes where
 * that is not finite
 * @param decays whether weight decay applies to the parameter
 */
export function adamW(
  moments: AdamwMoments,
  gradient: Tensor,
  numbers: Tensor,
  { beta1, beta2, epsilon, weightDecay, decays }: AdamWSettings & { readonly decays: boolean },
): AdamwMoments {
  return adamwStep(moments, gradient, numbers, { beta1, beta2, epsilon, decay: decays ? weightDecay : 0 });
}
