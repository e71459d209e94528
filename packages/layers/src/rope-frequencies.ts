import { HybraError } from '@hybra/spec';
import { yarnFrequencies } from './rope-yarn.js';

/** How rotation frequencies are stretched for contexts longer than a model was first trained on. */
export type RopeScaling =
  | { readonly kind: 'none' }
  /** Positions divided by `factor` (Chen et al. 2023). */
  | { readonly kind: 'linear'; readonly factor: number }
  /** Llama 3.1: long wavelengths divided by `factor`, short ones kept, a blend between. */
  | {
      readonly kind: 'llama3';
      readonly factor: number;
      readonly lowFrequencyFactor: number;
      readonly highFrequencyFactor: number;
      readonly originalContextLength: number;
    }
  /** YaRN (Peng et al. 2023). */
  | {
      readonly kind: 'yarn';
      readonly factor: number;
      /** β_fast: pairs that go round more often than this keep their frequency. */
      readonly fastTurns: number;
      /** β_slow: pairs that go round less often have it divided by `factor`. */
      readonly slowTurns: number;
      readonly originalContextLength: number;
      /** Whether the ends of the ramp are whole pairs. */
      readonly isTruncated: boolean;
      /** What sines and cosines are multiplied by. */
      readonly magnitude: number;
    }
  /** A divisor per pair (LongRoPE, Ding et al. 2024). */
  | {
      readonly kind: 'perPair';
      readonly divisors: readonly number[];
      readonly magnitude: number;
      /** Longest context that these divisors are for. */
      readonly contextLength: number;
    };

/** Rotary position embedding (Su et al. 2021) of the first `rotarySize` dimensions of each head. */
export interface RopeOptions {
  /** Dimensions that are rotated: even, at most the head's size. */
  readonly rotarySize: number;
  /** Base of the geometric series of frequencies. */
  readonly theta: number;
  readonly scaling: RopeScaling;
}

/**
 * Angles per position: θ^(−2i / R) for i < R / 2, scaled.
 * @returns R / 2 numbers in radians per position
 * @throws E_CONFIG for an odd or negative size
 */
export function ropeFrequencies(options: RopeOptions): Float32Array {
  const { rotarySize, theta, scaling } = options;
  if (!Number.isInteger(rotarySize) || rotarySize < 2 || rotarySize % 2 !== 0) {
    throw new HybraError(
      'E_CONFIG',
      `RoPE rotates ${rotarySize} dimensions, expected an even number from 2.`,
      {
        rotarySize,
      },
    );
  }
  const frequencies = new Float32Array(rotarySize / 2);
  for (let pair = 0; pair < frequencies.length; pair++) {
    frequencies[pair] = scaled(theta ** ((-2 * pair) / rotarySize), pair, scaling);
  }
  return scaling.kind === 'yarn' ? yarnFrequencies(frequencies, options, scaling) : frequencies;
}

/** What the scaling multiplies sines and cosines by; 1 for those that only change frequencies. */
export function ropeMagnitude({ scaling }: RopeOptions): number {
  return 'magnitude' in scaling ? scaling.magnitude : 1;
}

function scaled(frequency: number, pair: number, scaling: RopeScaling): number {
  switch (scaling.kind) {
    case 'none':
    case 'yarn':
      return frequency;
    case 'perPair':
      return frequency / scaling.divisors[pair]!;
    case 'linear':
      return frequency / scaling.factor;
    case 'llama3': {
      const { factor, lowFrequencyFactor: low, highFrequencyFactor: high } = scaling;
      // How often the angle goes round within the context of the first training.
      const turns = (scaling.originalContextLength * frequency) / (2 * Math.PI);
      if (turns < low) return frequency / factor;
      if (turns > high) return frequency;
      const share = (turns - low) / (high - low);
      return ((1 - share) * frequency) / factor + share * frequency;
    }
  }
}
