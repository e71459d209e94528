import type { RopeScaling } from '@hybra/layers';
import type { Bounds, ConfigReader } from './config-reader.js';

const positive: Bounds = { low: 1e-6, high: 1e12 };
const length: Bounds = { low: 1, high: 2 ** 31 - 1 };
const types = {
  default: 'default',
  linear: 'linear',
  dynamic: 'dynamic',
  llama3: 'llama3',
  yarn: 'yarn',
  longrope: 'longrope',
  su: 'longrope',
} as const;

/** What a scaling is relative to. */
export interface ScalingContext {
  readonly contextLength: number;
  readonly rotarySize: number;
}

/** `rope_parameters` or `rope_scaling`, as `modeling_rope_utils.py` reads them. @throws E_CONFIG */
export function readRopeScaling(inside: ConfigReader, context: ScalingContext): RopeScaling {
  const type = inside.choice(['rope_type', 'type'], types, 'default');
  switch (type) {
    case 'default':
      return { kind: 'none' };
    case 'linear':
      return { kind: 'linear', factor: inside.number('factor', { low: 1, high: 1e6 }) };
    case 'dynamic':
      // Changes nothing within the context that the model was made for, and no run goes beyond it.
      inside.number('factor', positive, 1);
      inside.ignore(['original_max_position_embeddings']);
      return { kind: 'none' };
    case 'llama3':
      return readLlama3(inside, context);
    case 'yarn':
      return readYarn(inside, context);
    case 'longrope':
      return readLongRope(inside, context);
  }
}

function readLlama3(inside: ConfigReader, { contextLength }: ScalingContext): RopeScaling {
  const factor = inside.number('factor', { low: 1, high: 1e6 });
  const low = inside.number('low_freq_factor', positive);
  const high = inside.number('high_freq_factor', positive);
  if (low >= high) {
    throw inside.error(`low_freq_factor ${low} is not below high_freq_factor ${high}.`, {
      keys: ['low_freq_factor', 'high_freq_factor'],
    });
  }
  return {
    kind: 'llama3',
    factor,
    lowFrequencyFactor: low,
    highFrequencyFactor: high,
    originalContextLength: inside.integer('original_max_position_embeddings', length, contextLength),
  };
}

function readYarn(inside: ConfigReader, { contextLength }: ScalingContext): RopeScaling {
  const originalContextLength = inside.integer('original_max_position_embeddings', length, contextLength);
  const factor = inside.number('factor', positive, contextLength / originalContextLength);
  const fastTurns = inside.number('beta_fast', positive, 32);
  const slowTurns = inside.number('beta_slow', positive, 1);
  const stated = inside.isPresent('attention_factor')
    ? inside.number('attention_factor', positive)
    : undefined;
  inside.ignore(['attention_factor']);
  const mscale = inside.number('mscale', { low: 0, high: 1e6 }, 0);
  const mscaleAll = inside.number('mscale_all_dim', { low: 0, high: 1e6 }, 0);
  const own =
    mscale > 0 && mscaleAll > 0
      ? magnitudeOf(factor, mscale) / magnitudeOf(factor, mscaleAll)
      : magnitudeOf(factor, 1);
  return {
    kind: 'yarn',
    factor,
    fastTurns,
    slowTurns,
    originalContextLength,
    isTruncated: inside.boolean('truncate', true),
    magnitude: stated ?? own,
  };
}

// Peng et al. 2023, eq. 22.
function magnitudeOf(factor: number, scale: number): number {
  return factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
}

/** The short factors: those that hold within the first context, which is then all there is. */
function readLongRope(inside: ConfigReader, { contextLength, rotarySize }: ScalingContext): RopeScaling {
  const original = inside.integer('original_max_position_embeddings', length, contextLength);
  const stated = inside.number('factor', positive, contextLength / original);
  const factor = original === contextLength ? stated : contextLength / original;
  const own = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  const divisors = readDivisors(inside, 'short_factor', rotarySize / 2);
  readDivisors(inside, 'long_factor', rotarySize / 2);
  return {
    kind: 'perPair',
    divisors,
    magnitude: inside.number('attention_factor', positive, own),
    contextLength: original,
  };
}

function readDivisors(inside: ConfigReader, key: string, count: number): readonly number[] {
  const isDivisor = (value: unknown): boolean =>
    typeof value === 'number' && value >= positive.low && value <= positive.high;
  const divisors = inside.optional(key, `a list of ${count} positive numbers`, (value) =>
    Array.isArray(value) && value.length === count && value.every(isDivisor)
      ? (value as number[])
      : undefined,
  );
  if (!divisors) throw inside.error(`${key} is missing, expected a list of ${count} numbers.`, { key });
  return divisors;
}
