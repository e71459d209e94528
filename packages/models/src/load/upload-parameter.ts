import { type Device, type DType, hostView } from '@hybra/spec';
import { storedValueOf, type Tensor, zerosOn } from '@hybra/tensor';
import { castElements, type FileDType } from '@hybra/weights';
import { type Fold, foldedName, type ParameterSpec } from '../config/parameter-spec.js';

/** Elements of a parameter as they are stored. */
export interface StoredElements {
  /** Row-major, little-endian. */
  readonly bytes: Uint8Array;
  readonly dtype: FileDType;
}

/**
 * Converts a parameter to the dtype it is used in, folds it and uploads it.
 * @param target.dtype of narrow parameters; wide ones are float32 always
 */
export function uploadParameter(
  spec: ParameterSpec,
  stored: StoredElements,
  target: { readonly device: Device; readonly dtype: DType },
): Tensor {
  const dtype = spec.precision === 'wide' ? 'f32' : target.dtype;
  const bytes = castElements(stored.bytes, stored.dtype, dtype);
  if (spec.fold) fold(spec.fold, hostView('f32', bytes.buffer, bytes.byteOffset, bytes.byteLength / 4));
  const tensor = zerosOn(target.device, spec.shape, dtype, foldedName(spec));
  target.device.write(storedValueOf(tensor, spec.name).storage.buffer, 0, bytes);
  return tensor;
}

const folds: Readonly<Record<Fold, (value: number) => number>> = {
  decay: (value) => -Math.exp(value),
  addOne: (value) => value + 1,
  logRecurrence: (value) => -8 * (Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)))),
};

function fold(kind: Fold, values: { [index: number]: number; readonly length: number }): void {
  for (let index = 0; index < values.length; index++) values[index] = folds[kind](values[index]!);
}
