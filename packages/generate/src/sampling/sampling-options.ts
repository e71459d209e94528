import { HybraError } from '@hybra/spec';

/**
 * How the next token is chosen. Applied in this order: penalties, temperature, top-k, top-p, min-p, then a
 * draw by Gumbel-max whose bits depend on seed, sequence and position alone.
 */
export interface SamplingOptions {
  /** 0 takes the most probable token; 1 leaves the distribution as it is. Default is 1. */
  readonly temperature?: number;
  /** Keep the k most probable tokens; 0 keeps all. Default is 0. */
  readonly topK?: number;
  /** Keep the smallest set of tokens with this probability together; 1 keeps all. Default is 1. */
  readonly topP?: number;
  /** Keep tokens at least this fraction as probable as the most probable one. Default is 0. */
  readonly minP?: number;
  /** Divides (multiplies) positive (negative) logits of tokens seen, prompt included (Keskar et al. 2019). Default is 1. */
  readonly repetitionPenalty?: number;
  /** Subtracted from the logits of tokens seen. Default is 0. */
  readonly presencePenalty?: number;
  /** Subtracted from a token's logit for each time it was seen. Default is 0. */
  readonly frequencyPenalty?: number;
  /** 0 … 2⁵³ − 1. The same seed gives the same tokens on every device. Default is 0. */
  readonly seed?: number;
}

interface Range {
  readonly low: number;
  readonly high: number;
  readonly default: number;
  readonly isInteger?: boolean;
}

const ranges = {
  temperature: { low: 0, high: 100, default: 1 },
  topK: { low: 0, high: 2 ** 31 - 1, default: 0, isInteger: true },
  topP: { low: 0, high: 1, default: 1 },
  minP: { low: 0, high: 1, default: 0 },
  repetitionPenalty: { low: 1e-3, high: 1e3, default: 1 },
  presencePenalty: { low: -100, high: 100, default: 0 },
  frequencyPenalty: { low: -100, high: 100, default: 0 },
  seed: { low: 0, high: Number.MAX_SAFE_INTEGER, default: 0, isInteger: true },
} as const satisfies Record<keyof SamplingOptions, Range>;

/** Sampling options with their defaults filled in. */
export type ResolvedSampling = Required<SamplingOptions>;

/** Fills in defaults and checks ranges. @throws E_ARGUMENT naming the option, what it got and its range */
export function resolveSampling(options: SamplingOptions = {}): ResolvedSampling {
  const resolved: Record<string, number> = {};
  for (const [name, range] of Object.entries(ranges) as [keyof SamplingOptions, Range][]) {
    const value = options[name] ?? range.default;
    const isFitting = typeof value === 'number' && value >= range.low && value <= range.high;
    if (!isFitting || (range.isInteger && !Number.isInteger(value))) {
      throw new HybraError(
        'E_ARGUMENT',
        `${name} is ${value}, expected ${range.isInteger ? 'an integer' : 'a number'} from ${range.low} to ${range.high}.`,
        { name, value },
      );
    }
    resolved[name] = value;
  }
  return resolved as unknown as ResolvedSampling;
}

/** The row that the `sample` op takes: f32[7]. */
export function sampleParameters(sampling: ResolvedSampling): readonly number[] {
  const { temperature, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty } = sampling;
  return [temperature, topK, topP, minP, repetitionPenalty, presencePenalty, frequencyPenalty];
}
