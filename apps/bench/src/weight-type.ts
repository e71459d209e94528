import type { HybridConfig, ParameterSpec } from '@hybra/models';
import { byteSize } from '@hybra/spec';
import { quantSchemes } from '@hybra/weights';

/** How the matrices of a model are stored. */
export type WeightType = 'f32' | 'f16' | 'bf16' | 'q8' | 'q4';

/** Every {@link WeightType}. */
export const weightTypes: readonly WeightType[] = ['f32', 'f16', 'bf16', 'q8', 'q4'];

/** A type whose matrices are in blocks of integers. */
export type QuantizedType = Extract<WeightType, keyof typeof quantSchemes>;

/** Whether matrices of a type are in blocks. */
export function isQuantized(type: WeightType): type is QuantizedType {
  return type in quantSchemes;
}

/** Whether a parameter is the weight of a linear map, the embedding or the head. */
export function isMatrix({ shape }: ParameterSpec): boolean {
  return shape.length === 2 && Math.min(...shape) > 16;
}

/** Whether a parameter is the embedding or the head. */
export function isVocabulary({ shape }: ParameterSpec, config: HybridConfig): boolean {
  return shape.length === 2 && shape[0] === config.vocabularySize;
}

/** The type in which a parameter is stored: tables in 8 bits where the others are in 4, vectors in float32. */
export function storedTypeOf(type: WeightType, spec: ParameterSpec, config: HybridConfig): WeightType {
  if (!isMatrix(spec)) return 'f32';
  if (!isQuantized(type)) return type;
  if (spec.shape[1]! % quantSchemes[type].blockSize !== 0) return 'f32';
  return isVocabulary(spec, config) ? 'q8' : type;
}

/** Bytes for each element of a parameter, scales included. */
export function bytesPerWeight(type: WeightType, spec: ParameterSpec, config: HybridConfig): number {
  const stored = storedTypeOf(type, spec, config);
  if (!isQuantized(stored)) return byteSize(stored);
  const { bits, blockSize, scaleDtype } = quantSchemes[stored];
  return bits / 8 + byteSize(scaleDtype) / blockSize;
}
