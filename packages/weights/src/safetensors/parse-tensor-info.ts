import { HybraError } from '@hybra/spec';
import { isPlainObject } from '../json/is-plain-object.js';
import { quoteName } from '../platform/quote-name.js';
import {
  type FileDType,
  fileByteSize,
  fileDTypeOf,
  fileDTypes,
  safetensorsName,
  unreadTypes,
} from './file-dtype.js';
import { formatError } from './format-error.js';
import { maximumNameLength, maximumRank } from './header-limits.js';
import type { TensorEntry } from './weight-source.js';

/** An entry with its place. */
export interface StoredEntry extends TensorEntry {
  /** Bytes from the start of the data (behind the header). */
  readonly byteOffset: number;
}

/**
 * Reads `{"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}`. Further keys are ignored, as the reference does.
 * @throws E_FORMAT, E_DTYPE
 */
export function parseTensorInfo(name: string, json: unknown, file: string): StoredEntry {
  if (name.length > maximumNameLength) {
    throw formatError(file, `a tensor's name has ${name.length} characters`, `at most ${maximumNameLength}`);
  }
  const what = `${file}, tensor ${quoteName(name)}`;
  if (!isPlainObject(json)) throw formatError(what, 'is no object', 'dtype, shape and data_offsets');
  const dtype = parseDType(json.dtype, what);
  const shape = parseShape(json.shape, what);
  const [begin, end] = parseOffsets(json.data_offsets, what);
  const byteLength = byteLengthOf(shape, dtype);
  if (byteLength === undefined) {
    throw formatError(what, 'its shape multiplies beyond 2⁵³ bytes', 'a smaller shape', { shape });
  }
  if (end - begin !== byteLength) {
    throw formatError(
      what,
      `its data_offsets span ${end - begin} bytes`,
      `${byteLength} for ${dtype}[${shape.join(', ')}]`,
      { dtype, shape, begin, end },
    );
  }
  return Object.freeze({ name, dtype, shape: Object.freeze(shape), byteLength, byteOffset: begin });
}

/** Bytes of a tensor; undefined if a partial product is no safe integer. */
export function byteLengthOf(shape: readonly number[], dtype: FileDType): number | undefined {
  let byteLength = fileByteSize(dtype);
  for (const extent of shape) {
    byteLength *= extent;
    if (!Number.isSafeInteger(byteLength)) return undefined;
  }
  return byteLength;
}

function parseDType(json: unknown, what: string): FileDType {
  const dtype = typeof json === 'string' ? fileDTypeOf(json) : undefined;
  if (dtype) return dtype;
  const known = fileDTypes.map(safetensorsName).join(' ');
  if (typeof json === 'string' && unreadTypes.includes(json)) {
    throw new HybraError(
      'E_DTYPE',
      `${what}: dtype ${json} is not read. Expected one of ${known}: convert the checkpoint.`,
      { what, dtype: json },
    );
  }
  throw formatError(what, 'unknown dtype', `one of ${known}`);
}

/** Whether `value` is a count of something: no fraction, no sign (not even −0), exactly representable. */
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0);
}

function parseShape(json: unknown, what: string): number[] {
  if (!Array.isArray(json) || json.length > maximumRank || !json.every(isCount)) {
    throw formatError(what, 'bad shape', `an array of at most ${maximumRank} non-negative integers`);
  }
  return json;
}

function parseOffsets(json: unknown, what: string): readonly [begin: number, end: number] {
  const [begin, end] = Array.isArray(json) && json.length === 2 ? (json as unknown[]) : [];
  if (!isCount(begin) || !isCount(end) || begin > end) {
    throw formatError(what, 'bad data_offsets', 'two non-negative integers [begin, end] with begin ≤ end');
  }
  return [begin, end];
}
