import { HybraError, type QuantScheme } from '@hybra/spec';
import {
  castElements,
  dequantizeMatrix,
  fileByteSize,
  type QuantizedMatrix,
  quantizeMatrix,
  type TensorEntry,
  type TensorToWrite,
  type WeightSource,
  writeSafetensors,
} from '@hybra/weights';
import type { TensorPlan } from './plan-quantization.js';

/** How far a quantised matrix lies from the original. */
export interface TensorError {
  readonly name: string;
  readonly scheme: string;
  /** √(Σ (w − ŵ)² / Σ w²) */
  readonly relativeError: number;
}

/** What writing needs besides the plan. */
export interface WriteOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/**
 * Writes the checkpoint, a tensor in memory at a time: what stays as it is first, then codes, scales and zero
 * points of each matrix.
 * @returns the error of each quantised matrix
 * @throws E_ARGUMENT naming a tensor that cannot be quantised, E_IO, E_ABORTED, E_OUT_OF_MEMORY
 */
export async function writeQuantized(
  path: string,
  source: WeightSource,
  plan: readonly TensorPlan[],
  options: WriteOptions,
): Promise<TensorError[]> {
  const { signal } = options;
  const errors: TensorError[] = [];
  const kept = plan
    .filter(({ scheme }) => !scheme)
    .map(({ entry }): TensorToWrite => ({ ...entry, bytes: () => source.read(entry.name, signal) }))
    .sort((a, b) => fileByteSize(b.dtype) - fileByteSize(a.dtype) || (a.name < b.name ? -1 : 1));
  const isAligned = ({ dtype }: TensorToWrite): boolean => fileByteSize(dtype) > 1;
  let done = 0;
  const matrices = plan.flatMap(({ entry, scheme }) => {
    if (!scheme) return [];
    // One matrix is three tensors of the file, which come one after the other: it is made for the first of them.
    let made: Promise<QuantizedMatrix> | undefined;
    const make = (): Promise<QuantizedMatrix> => {
      made ??= quantizeTensor(source, entry, scheme, signal).then(({ matrix, relativeError }) => {
        errors.push({ name: entry.name, scheme: scheme.name, relativeError });
        done += entry.byteLength;
        options.onProgress(done, total);
        return matrix;
      });
      return made;
    };
    return partsOf(entry, scheme, make, () => {
      made = undefined;
    });
  });
  const total = plan.reduce((sum, { entry, scheme }) => sum + (scheme ? entry.byteLength : 0), 0);
  await writeSafetensors(
    path,
    [...kept.filter(isAligned), ...matrices, ...kept.filter((tensor) => !isAligned(tensor))],
    { signal, order: 'given', metadata: { format: 'pt' } },
  );
  return errors;
}

function partsOf(
  entry: TensorEntry,
  scheme: QuantScheme,
  make: () => Promise<QuantizedMatrix>,
  forget: () => void,
): TensorToWrite[] {
  const { name, shape } = entry;
  const [rows, columns] = shape as readonly [number, number];
  const isNibbles = scheme.bits === 4;
  const blocks = [rows, columns / scheme.blockSize];
  const last = scheme.hasZeroPoints ? 'zeros' : 'scales';
  const bytesOf = (part: keyof QuantizedMatrix) => async (): Promise<Uint8Array> => {
    const bytes = (await make())[part]!;
    if (part === last) forget();
    return bytes;
  };
  const perBlock = (part: 'scales' | 'zeros'): TensorToWrite => ({
    name: `${name}.${part}`,
    dtype: scheme.scaleDtype,
    shape: blocks,
    bytes: bytesOf(part),
  });
  return [
    {
      name: `${name}.codes`,
      dtype: isNibbles ? 'u8' : 'i8',
      shape: [rows, isNibbles ? columns / 2 : columns],
      bytes: bytesOf('codes'),
    },
    perBlock('scales'),
    ...(scheme.hasZeroPoints ? [perBlock('zeros')] : []),
  ];
}

async function quantizeTensor(
  source: WeightSource,
  entry: TensorEntry,
  scheme: QuantScheme,
  signal: AbortSignal,
): Promise<{ matrix: QuantizedMatrix; relativeError: number }> {
  const stored = await source.read(entry.name, signal);
  const values = new Float32Array(castElements(stored, entry.dtype, 'f32').buffer);
  try {
    const matrix = quantizeMatrix(values, scheme);
    return { matrix, relativeError: relativeError(values, dequantizeMatrix(matrix, scheme)) };
  } catch (error) {
    if (!HybraError.isInstance(error)) throw error;
    throw new HybraError(
      error.code,
      `${entry.name}: ${error.message}`,
      { tensor: entry.name },
      { cause: error },
    );
  }
}

function relativeError(values: Float32Array, approximated: Float32Array): number {
  let error = 0;
  let total = 0;
  for (let index = 0; index < values.length; index++) {
    const difference = values[index]! - approximated[index]!;
    error += difference * difference;
    total += values[index]! * values[index]!;
  }
  return total === 0 ? 0 : Math.sqrt(error / total);
}
