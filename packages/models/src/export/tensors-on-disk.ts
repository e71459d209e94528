import { elementCount } from '@hybra/spec';
import type { HybridConfig } from '../config/hybrid-config.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import type { Family } from '../families/family.js';
import type { StoredForm } from '../families/stored-form.js';

/** A run of a parameter's elements and where in a tensor they belong. */
export interface TensorPiece {
  readonly spec: ParameterSpec;
  /** Index of the first element in the parameter. */
  readonly from: number;
  /** Index of the first element in the tensor. */
  readonly to: number;
  readonly count: number;
}

/** A tensor to write, made of pieces of parameters that fill it. */
export interface TensorOnDisk {
  readonly name: string;
  readonly shape: readonly number[];
  readonly pieces: readonly TensorPiece[];
}

/**
 * The tensors of a checkpoint in a family's layout: the way back of `storedForms`.
 * @param formOf how each parameter is to lie on disk. Default is the family's first form
 */
export function tensorsOnDisk(
  family: Family,
  config: HybridConfig,
  formOf: (spec: ParameterSpec) => StoredForm = (spec) => family.storedForms(spec, config)[0]!,
): TensorOnDisk[] {
  const tensors = new Map<string, { shape: readonly number[]; pieces: TensorPiece[] }>();
  for (const spec of parameterSpecs(config)) {
    if (spec.sharedWith !== undefined) continue;
    let from = 0;
    for (const { tensor, shape, start, count } of formOf(spec)) {
      const { pieces } = tensors.get(tensor) ?? tensors.set(tensor, { shape, pieces: [] }).get(tensor)!;
      pieces.push({ spec, from, to: start, count });
      from += count;
    }
  }
  return Array.from(tensors, ([name, { shape, pieces }]) => ({ name, shape, pieces }));
}

/**
 * The bytes of a tensor.
 * @param read elements of a parameter, row-major, `elementBytes` each
 */
export async function tensorBytes(
  tensor: TensorOnDisk,
  elementBytes: number,
  read: (spec: ParameterSpec) => Promise<Uint8Array> | Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(elementCount(tensor.shape) * elementBytes);
  const parameters = new Map<string, Uint8Array>();
  for (const { spec, from, to, count } of tensor.pieces) {
    const elements = parameters.get(spec.name) ?? (await read(spec));
    parameters.set(spec.name, elements);
    bytes.set(elements.subarray(from * elementBytes, (from + count) * elementBytes), to * elementBytes);
  }
  return bytes;
}
