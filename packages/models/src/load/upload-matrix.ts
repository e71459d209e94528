import { type Device, type DType, HybraError, type QuantScheme } from '@hybra/spec';
import {
  disposeTensor,
  type QuantizedWeight,
  quantizedWeight,
  storedValueOf,
  type Tensor,
  zerosOn,
} from '@hybra/tensor';
import type { QuantizedMatrix } from '@hybra/weights';
import { foldedName, type ParameterSpec } from '../config/parameter-spec.js';

/** A quantised matrix as it is stored. */
export interface StoredMatrix {
  readonly matrix: QuantizedMatrix;
  readonly scheme: QuantScheme;
}

/**
 * Uploads codes, scales and zero points as they are.
 * @throws E_DTYPE when the device cannot hold them
 */
export function uploadMatrix(spec: ParameterSpec, stored: StoredMatrix, device: Device): QuantizedWeight {
  const { matrix, scheme } = stored;
  const [rows, columns] = spec.shape as readonly [number, number];
  const codeDtype = scheme.bits === 4 ? 'u8' : 'i8';
  for (const dtype of [codeDtype, scheme.scaleDtype] as const) checkHolds(device, dtype, spec);
  const uploaded: Tensor[] = [];
  const upload = (part: string, bytes: Uint8Array, dtype: DType, width: number): Tensor => {
    const tensor = zerosOn(device, [rows, width], dtype, `${foldedName(spec)}.${part}`);
    uploaded.push(tensor);
    device.write(storedValueOf(tensor, spec.name).storage.buffer, 0, bytes);
    return tensor;
  };
  const blocks = columns / scheme.blockSize;
  try {
    return quantizedWeight(scheme, {
      codes: upload('codes', matrix.codes, codeDtype, scheme.bits === 4 ? columns / 2 : columns),
      scales: upload('scales', matrix.scales, scheme.scaleDtype, blocks),
      zeros: matrix.zeros && upload('zeros', matrix.zeros, scheme.scaleDtype, blocks),
    });
  } catch (error) {
    for (const tensor of uploaded) disposeTensor(tensor);
    throw error;
  }
}

function checkHolds(device: Device, dtype: DType, spec: ParameterSpec): void {
  const { storage } = device.capabilities;
  if (storage.includes(dtype)) return;
  throw new HybraError(
    'E_DTYPE',
    `loading a model: ${spec.name} is quantised and has parts of ${dtype}, which ${device.name} cannot hold; it holds ${storage.join(', ')}. Use the checkpoint that is not quantised.`,
    { parameter: spec.name, dtype, device: device.name },
  );
}
