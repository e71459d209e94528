import { byteSize, type DType, dtypes, HybraError } from '@hybra/spec';
import { allocateBytes } from '../platform/allocate-bytes.js';
import { type FileDType, fileByteSize, fileDTypes } from '../safetensors/file-dtype.js';
import { narrowToBfloat16, narrowToFloat16 } from './half-floats.js';
import {
  isNarrowFloat,
  type NarrowFloat,
  readFloat32,
  readFloat64,
  type WideTarget,
} from './read-elements.js';
import { writeElements } from './write-elements.js';

/** Elements converted at a time where a middle format is needed: 32 KiB of it, which stays in the first cache. */
const blockElements = 4096;

/**
 * Converts elements, with the semantics of the op `cast`: floats round once, to nearest even; float to integer
 * truncates towards 0 and saturates, NaN gives 0; integer to integer wraps; to bool is x ≠ 0.
 * @param bytes little-endian elements of `from`, at any alignment
 * @returns new memory with as many elements of `to`
 * @throws E_DTYPE for an unknown dtype, E_ARGUMENT if `bytes` is no whole number of elements, E_OUT_OF_MEMORY
 */
export function castElements(bytes: Uint8Array, from: FileDType, to: DType): Uint8Array<ArrayBuffer> {
  checkTypes(from, to);
  const size = fileByteSize(from);
  if (bytes.byteLength % size !== 0) {
    throw new HybraError(
      'E_ARGUMENT',
      `castElements: ${bytes.byteLength} bytes are no whole number of ${from} elements. Expected a multiple of ${size}.`,
      { byteLength: bytes.byteLength, from },
    );
  }
  // bool to bool is no copy: a file may hold other bytes than 0 and 1.
  if (from === to && to !== 'bool') return new Uint8Array(bytes);
  const isViewable = bytes.byteOffset % size === 0 && bytes.buffer instanceof ArrayBuffer;
  const source = (isViewable ? bytes : new Uint8Array(bytes)) as Uint8Array<ArrayBuffer>;
  const count = bytes.byteLength / size;
  const target = allocateBytes(count * byteSize(to), `casting ${from} to ${to}`);
  if (isNarrowFloat(from) && (to === 'f32' || to === 'f16' || to === 'bf16')) {
    castNarrowFloats({ source, from, target, to, count });
  } else {
    castThroughFloat64({ source, from, target, to, count });
  }
  return target;
}

function checkTypes(from: FileDType, to: DType): void {
  if (fileDTypes.includes(from) && dtypes.includes(to)) return;
  throw new HybraError(
    'E_DTYPE',
    `castElements: cannot convert ${String(from)} to ${String(to)}. Expected from one of ${fileDTypes.join(' ')} to one of ${dtypes.join(' ')}.`,
    { from, to },
  );
}

interface Cast<From extends FileDType, To extends DType> {
  readonly source: Uint8Array<ArrayBuffer>;
  readonly from: From;
  readonly target: Uint8Array<ArrayBuffer>;
  readonly to: To;
  readonly count: number;
}

/** Between floats that float32 holds: widen exactly, then round once. */
function castNarrowFloats(cast: Cast<NarrowFloat, 'f32' | 'f16' | 'bf16'>): void {
  const { source, from, target, to, count } = cast;
  const { buffer, byteOffset } = source;
  if (to === 'f32') {
    readFloat32(from, { buffer, byteOffset, count }, new Float32Array(target.buffer));
    return;
  }
  const narrow = to === 'f16' ? narrowToFloat16 : narrowToBfloat16;
  const halves = new Uint16Array(target.buffer);
  if (from === 'f32') {
    narrow(new Float32Array(buffer, byteOffset, count), halves);
    return;
  }
  const middle = new Float32Array(Math.min(blockElements, count));
  for (let first = 0; first < count; first += blockElements) {
    const length = Math.min(blockElements, count - first);
    const block = middle.subarray(0, length);
    const start = byteOffset + first * fileByteSize(from);
    readFloat32(from, { buffer, byteOffset: start, count: length }, block);
    narrow(block, halves.subarray(first, first + length));
  }
}

function castThroughFloat64(cast: Cast<FileDType, DType>): void {
  const { source, from, target, to, count } = cast;
  const isFromFloat = from === 'f64' || isNarrowFloat(from);
  const becomes = wideTarget(to);
  const middle = new Float64Array(Math.min(blockElements, count));
  for (let first = 0; first < count; first += blockElements) {
    const length = Math.min(blockElements, count - first);
    const block = middle.subarray(0, length);
    const start = source.byteOffset + first * fileByteSize(from);
    const read = { buffer: source.buffer, byteOffset: start, count: length };
    readFloat64(from, read, { target: block, becomes });
    const written = { buffer: target.buffer, byteOffset: first * byteSize(to), count: length };
    writeElements(block, to, { range: written, wraps: !isFromFloat });
  }
}

function wideTarget(to: DType): WideTarget {
  if (to === 'f64' || to === 'bool') return to;
  return to === 'f32' || to === 'f16' || to === 'bf16' ? 'float' : 'integer';
}
