import type { RopeOptions, RopeScaling } from '@hybra/layers';
import { type Bounds, ConfigReader } from './config-reader.js';
import { readRopeScaling } from './rope-scaling.js';

const positive: Bounds = { low: 1e-6, high: 1e12 };
const share: Bounds = { low: 1e-6, high: 1 };
// transformers 4 wrote these at the top level, 5 nests them.
const nestedKeys = ['rope_parameters', 'rope_scaling'] as const;

/**
 * Rotary position embedding as transformers 4 (`rope_theta`, `rope_scaling`, `partial_rotary_factor`) and 5
 * (`rope_parameters`) spell it.
 * @param options.theta base where the configuration names none
 * @param options.rotaryShare part of each head that is rotated where the configuration names none; default is 1
 * @throws E_CONFIG, also for the kinds of scaling that are not implemented
 */
export function readRope(
  reader: ConfigReader,
  options: {
    readonly headSize: number;
    readonly theta: number;
    readonly contextLength: number;
    readonly rotaryShare?: number;
  },
): RopeOptions {
  const nested = nestedKeys.flatMap((key) => {
    const value = reader.optional(key, 'an object', (candidate) =>
      typeof candidate === 'object' && !Array.isArray(candidate) ? candidate : undefined,
    );
    return value ? [{ key, inside: new ConfigReader(`${reader.family}.${key}`, value, []) }] : [];
  });
  if (nested.length > 1) {
    throw reader.error('rope_parameters and rope_scaling are both given. Keep one.', { keys: nestedKeys });
  }
  const inside = nested[0]?.inside;

  const theta = agreeing(reader, inside, 'rope_theta', positive, options.theta);
  const partial = agreeing(reader, inside, 'partial_rotary_factor', share, options.rotaryShare ?? 1);

  const rotarySize = Math.floor(options.headSize * partial);
  if (rotarySize < 2 || rotarySize % 2 !== 0) {
    throw reader.error(
      `partial_rotary_factor ${partial} of head_dim ${options.headSize} rotates ${rotarySize} dimensions, expected an even number from 2.`,
      { keys: ['partial_rotary_factor', 'head_dim'] },
    );
  }
  const { contextLength } = options;
  const scaling: RopeScaling = inside
    ? readRopeScaling(inside, { contextLength, rotarySize })
    : { kind: 'none' };
  inside?.finish();
  return { rotarySize, theta, scaling };
}

function agreeing(
  outer: ConfigReader,
  inner: ConfigReader | undefined,
  key: string,
  bounds: Bounds,
  fallback: number,
): number {
  const isOuter = outer.isPresent(key);
  const isInner = inner?.isPresent(key) ?? false;
  const outside = outer.number(key, bounds, fallback);
  const within = inner?.number(key, bounds, fallback) ?? fallback;
  if (isOuter && isInner && outside !== within) {
    throw outer.error(`${key} is ${outside} at the top level and ${within} in ${inner!.family}. Keep one.`, {
      key,
    });
  }
  return isInner ? within : outside;
}

/** The context length that rotation allows: LongRoPE has other factors beyond its first context. */
export function ropeContextLength(contextLength: number, rope: RopeOptions): number {
  const { scaling } = rope;
  return scaling.kind === 'perPair' ? Math.min(contextLength, scaling.contextLength) : contextLength;
}
