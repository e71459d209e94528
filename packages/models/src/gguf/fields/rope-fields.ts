import { type RopeOptions, type RopeScaling, ropeFrequencies } from '@hybra/layers';
import { HybraError } from '@hybra/spec';
import type { GgufField, GgufTensorToWrite } from '@hybra/weights';
import type { HybridConfig } from '../../config/hybrid-config.js';
import { real, whole } from '../gguf-architecture.js';

/** The tensor of divisors of the frequencies, one a pair. */
export const ropeDivisorsName = 'rope_freqs.weight';

/**
 * Fields of a rotation, and the tensor of divisors that stands for the scaling of Llama 3.
 * @param options.hasDivisors whether llama.cpp looks at that tensor in this architecture
 * @throws E_CONFIG for scalings that GGUF or the architecture has not
 */
export function ropeFields(
  rope: RopeOptions,
  options: { readonly hasDivisors?: boolean } = {},
): {
  readonly fields: Record<string, GgufField>;
  readonly tensors?: readonly GgufTensorToWrite[];
} {
  const { scaling, rotarySize, theta } = rope;
  const fields = {
    'rope.dimension_count': whole(rotarySize),
    'rope.freq_base': real(theta),
  };
  switch (scaling.kind) {
    case 'none':
      return { fields };
    case 'linear':
      return { fields: { ...fields, ...scalingFields('linear', scaling.factor) } };
    case 'yarn':
      return { fields: { ...fields, ...yarnFields(scaling) } };
    case 'llama3':
    case 'perPair':
      if (options.hasDivisors && ropeMagnitudeIsOne(scaling)) {
        return { fields, tensors: [divisorsTensor(divisorsOf(rope))] };
      }
  }
  throw new HybraError(
    'E_CONFIG',
    `GGUF: positions scaled as ${scaling.kind} have no place in this architecture. Keep the layout it has.`,
    { scaling: scaling.kind },
  );
}

/** The configuration with the scaling of Llama 3 as the divisors that GGUF has for it. */
export function withRopeDivisors(config: HybridConfig): HybridConfig {
  const layers = config.layers.map((layer) => {
    if (layer.kind !== 'attention' || layer.rope?.scaling.kind !== 'llama3') return layer;
    const scaling: RopeScaling = {
      kind: 'perPair',
      divisors: divisorsOf(layer.rope),
      magnitude: 1,
      contextLength: config.contextLength ?? 0,
    };
    return { ...layer, rope: { ...layer.rope, scaling } };
  });
  return { ...config, layers };
}

/** The divisors of a model's rotations, which are all the same; `undefined` where nothing is rotated. */
export function ropeDivisorsOf(config: HybridConfig): readonly number[] | undefined {
  const attention = config.layers.find((layer) => layer.kind === 'attention' && layer.rope);
  return attention?.kind === 'attention' && attention.rope ? divisorsOf(attention.rope) : undefined;
}

function ropeMagnitudeIsOne(scaling: RopeScaling): boolean {
  return !('magnitude' in scaling) || scaling.magnitude === 1;
}

function divisorsOf(rope: RopeOptions): readonly number[] {
  if (rope.scaling.kind === 'perPair') return rope.scaling.divisors;
  const plain = ropeFrequencies({ ...rope, scaling: { kind: 'none' } });
  return Array.from(ropeFrequencies(rope), (scaled, pair) => Math.fround(plain[pair]! / scaled));
}

function divisorsTensor(divisors: readonly number[]): GgufTensorToWrite {
  const bytes = new Uint8Array(Float32Array.from(divisors).buffer);
  return { name: ropeDivisorsName, type: 'f32', shape: [divisors.length], bytes };
}

function scalingFields(type: string, factor: number): Record<string, GgufField> {
  return { 'rope.scaling.type': { type: 'string', value: type }, 'rope.scaling.factor': real(factor) };
}

function yarnFields(scaling: Extract<RopeScaling, { kind: 'yarn' }>): Record<string, GgufField> {
  const { factor, magnitude } = scaling;
  const own = yarnMagnitude(factor);
  return {
    ...scalingFields('yarn', factor),
    'rope.scaling.original_context_length': whole(scaling.originalContextLength),
    'rope.scaling.yarn_beta_fast': real(scaling.fastTurns),
    'rope.scaling.yarn_beta_slow': real(scaling.slowTurns),
    // llama.cpp multiplies its own magnitude by this one, and looks at no other key for it.
    ...(Math.abs(magnitude / own - 1) > 1e-6 && { 'rope.scaling.attn_factor': real(magnitude / own) }),
  };
}

/** What YaRN multiplies sines and cosines by where nothing else is stated (Peng et al. 2023, eq. 22). */
export function yarnMagnitude(factor: number): number {
  return factor <= 1 ? 1 : 0.1 * Math.log(factor) + 1;
}
