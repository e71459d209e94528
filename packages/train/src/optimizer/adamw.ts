/*
 * AdamW (Loshchilov & Hutter 2019, Algorithm 2) as recorded operations.
 *
 *   g  gradient      m, v  running means of g and g²      η  learning rate      λ  weight decay      t  step from 1
 *
 *   m ← β₁ m + (1 − β₁) g          v ← β₂ v + (1 − β₂) g²
 *   θ ← θ − η ( (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε) + λ θ )
 */
import { add, div, mul, sqrt, square, sub, type Tensor } from '@hybra/tensor';

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

/** A parameter and its moments, all of one shape in float32. */
export interface Moments {
  readonly parameter: Tensor;
  readonly first: Tensor;
  readonly second: Tensor;
}

/** What differs from step to step, as scalars. */
export interface StepScalars {
  readonly learningRate: Tensor;
  /** 1 / (1 − β₁ᵗ) */
  readonly firstCorrection: Tensor;
  /** 1 / (1 − β₂ᵗ) */
  readonly secondCorrection: Tensor;
}

/** The host's side of {@link StepScalars}: learning rate and corrections. @param step from 1 */
export function stepNumbers(step: number, learningRate: number, settings: AdamWSettings): Float32Array {
  return Float32Array.of(learningRate, 1 / (1 - settings.beta1 ** step), 1 / (1 - settings.beta2 ** step));
}

/**
 * One step of AdamW for one parameter.
 * @param gradient as the parameter, clipped already
 * @param decays whether weight decay applies to it
 */
export function adamW(
  { parameter, first, second }: Moments,
  gradient: Tensor,
  scalars: StepScalars,
  { beta1, beta2, epsilon, weightDecay, decays }: AdamWSettings & { readonly decays: boolean },
): Moments {
  const m = add(mul(first, beta1), mul(gradient, 1 - beta1));
  const v = add(mul(second, beta2), mul(square(gradient), 1 - beta2));
  const direction = div(
    mul(m, scalars.firstCorrection),
    add(sqrt(mul(v, scalars.secondCorrection)), epsilon),
  );
  const update = decays && weightDecay !== 0 ? add(direction, mul(parameter, weightDecay)) : direction;
  return { parameter: sub(parameter, mul(update, scalars.learningRate)), first: m, second: v };
}
