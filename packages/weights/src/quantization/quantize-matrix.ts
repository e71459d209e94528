import { type DType, HybraError, type QuantScheme } from '@hybra/spec';
import { castElements } from '../casts/cast-elements.js';
import { allocateBytes } from '../platform/allocate-bytes.js';
import { type BlockFit, fitAffine4, fitSymmetric4, fitSymmetric8 } from './fit-block.js';

/** A matrix in blocks, as bytes: row-major, little-endian. */
export interface QuantizedMatrix {
  /** `i8[N, K]` or `u8[N, K / 2]`, by the scheme's layout. */
  readonly codes: Uint8Array<ArrayBuffer>;
  /** `[N, K / blockSize]` of the scheme's scale dtype. */
  readonly scales: Uint8Array<ArrayBuffer>;
  /** As `scales`, where the scheme has zero points. */
  readonly zeros?: Uint8Array<ArrayBuffer>;
}

/**
 * Quantises a matrix block by block. The 8-bit scale comes from the largest magnitude; 4-bit scales (and zero
 * points) are searched for the least squared error. Codes are chosen for the scale as it is stored.
 * @param values row-major; its length is a multiple of the block size, as each row's is
 * @throws E_ARGUMENT for other lengths, values that are not finite, or scales that float16 does not hold
 */
export function quantizeMatrix(values: Float32Array, scheme: QuantScheme): QuantizedMatrix {
  const { blockSize, bits, scaleDtype, hasZeroPoints } = scheme;
  const blocks = values.length / blockSize;
  if (!Number.isInteger(blocks)) {
    throw new HybraError(
      'E_ARGUMENT',
      `quantizeMatrix: ${values.length} elements are no whole number of blocks of ${blockSize}.`,
      { length: values.length, blockSize },
    );
  }
  const fit = chooseFit(scheme);
  if (!values.every(Number.isFinite)) throw outOfRange(scaleDtype);
  const scales = new Float32Array(blocks);
  const zeros = new Float32Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const elements = values.subarray(block * blockSize, (block + 1) * blockSize);
    const { scale, zero } = fit(elements);
    scales[block] = scale;
    zeros[block] = zero;
  }
  const storedScales = narrow(scales, scaleDtype);
  const storedZeros = narrow(zeros, scaleDtype);
  const write = bits === 8 ? writeBytes : writeNibbles;
  const codes = write(values, widen(storedScales, scaleDtype), widen(storedZeros, scaleDtype), blockSize);
  return { codes, scales: storedScales, ...(hasZeroPoints && { zeros: storedZeros }) };
}

function chooseFit(scheme: QuantScheme): (block: Float32Array) => BlockFit {
  if (scheme.bits === 4) return scheme.hasZeroPoints ? fitAffine4 : fitSymmetric4;
  if (!scheme.hasZeroPoints) return fitSymmetric8;
  throw new HybraError(
    'E_ARGUMENT',
    'quantizeMatrix: 8 bits with zero points are read, not written. Use q8, q4 or q4-affine.',
    { scheme: scheme.name },
  );
}

function narrow(values: Float32Array, dtype: DType): Uint8Array<ArrayBuffer> {
  const stored = castElements(new Uint8Array(values.buffer), 'f32', dtype);
  if (widen(stored, dtype).every(Number.isFinite)) return stored;
  throw outOfRange(dtype);
}

function outOfRange(dtype: DType): HybraError {
  return new HybraError(
    'E_ARGUMENT',
    `quantizeMatrix: a scale does not fit ${dtype}: weights are infinite, not numbers, or above 500,000. Leave this matrix as it is.`,
    { dtype },
  );
}

function widen(bytes: Uint8Array, dtype: DType): Float32Array {
  return new Float32Array(castElements(bytes, dtype, 'f32').buffer);
}

function writeBytes(
  values: Float32Array,
  scales: Float32Array,
  _zeros: Float32Array,
  blockSize: number,
): Uint8Array<ArrayBuffer> {
  const codes = allocateBytes(values.length, 'quantising');
  for (let index = 0; index < values.length; index++) {
    const scale = scales[Math.floor(index / blockSize)]!;
    codes[index] = scale === 0 ? 0 : Math.max(-127, Math.min(127, Math.round(values[index]! / scale)));
  }
  return codes;
}

function writeNibbles(
  values: Float32Array,
  scales: Float32Array,
  zeros: Float32Array,
  blockSize: number,
): Uint8Array<ArrayBuffer> {
  const codes = allocateBytes(values.length / 2, 'quantising');
  for (let index = 0; index < values.length; index++) {
    const block = Math.floor(index / blockSize);
    const scale = scales[block]!;
    const place = scale === 0 ? zeros[block]! : values[index]! / scale + zeros[block]!;
    const code = Math.max(0, Math.min(15, Math.round(place)));
    codes[index >> 1]! |= index % 2 === 0 ? code : code << 4;
  }
  return codes;
}
