import { elementCount, HybraError } from '@hybra/spec';
import { quoteName } from '../platform/quote-name.js';
import { formatError } from '../safetensors/format-error.js';
import { describeGgmlType, type GgmlType, ggmlTypeOf, readableTypes } from './ggml-type.js';
import { HeaderCursor } from './header-cursor.js';
import { type GgufValue, readValue } from './header-value.js';

/** One tensor of a GGUF file. */
export interface GgufTensor {
  readonly name: string;
  readonly type: GgmlType;
  /** Row-major extents: the reverse of the file's order. */
  readonly shape: readonly number[];
  /** From the start of the file. */
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** What stands in front of the data. */
export interface GgufHeader {
  readonly metadata: ReadonlyMap<string, GgufValue>;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

const mostKeys = 65_536;
const mostTensors = 1_048_576;
const longestName = 4096;
const mostAxes = 4;
const defaultAlignment = 32;
const largestAlignment = 65_536;

/**
 * Parses a header of version 2 or 3, from as many bytes of the file as are at hand.
 * @throws HeaderEndsEarly when they are too few; E_FORMAT, E_DTYPE
 */
export function parseGgufHeader(bytes: Uint8Array, file: string, fileSize: number): GgufHeader {
  const cursor = new HeaderCursor(bytes, file, fileSize);
  checkStart(cursor);
  const tensorCount = checkCount(cursor, 'tensors', mostTensors);
  const keyCount = checkCount(cursor, 'keys', mostKeys);
  const metadata = new Map<string, GgufValue>();
  for (let index = 0; index < keyCount; index++) {
    const key = cursor.string();
    if (key === '' || key.length > longestName || metadata.has(key)) {
      throw formatError(
        file,
        `the key ${quoteName(key)} is empty, too long or there twice`,
        'each key once',
        { key },
      );
    }
    metadata.set(key, readValue(cursor, key));
  }
  const alignment = readAlignment(metadata, file);
  const infos = Array.from({ length: tensorCount }, () => readInfo(cursor));
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  for (const info of infos) {
    if (tensors.has(info.name)) {
      throw formatError(file, `tensor ${quoteName(info.name)} is there twice`, 'each name once', {
        tensor: info.name,
      });
    }
    tensors.set(info.name, placeTensor(info, { dataStart, alignment, fileSize, file }));
  }
  checkOverlaps(tensors, file);
  return { metadata, tensors };
}

function checkStart(cursor: HeaderCursor): void {
  const magic = cursor.u32();
  if (magic !== 0x46554747) {
    throw formatError(cursor.file, 'does not begin with "GGUF"', 'a GGUF file');
  }
  const version = cursor.u32();
  if (version === 2 || version === 3) return;
  const isSwapped = version !== 0 && (version & 0xffff) === 0;
  throw formatError(
    cursor.file,
    isSwapped ? 'is a big-endian GGUF file' : `is a GGUF file of version ${version}`,
    'version 2 or 3, little-endian: convert the model again',
    { version },
  );
}

function checkCount(cursor: HeaderCursor, what: string, most: number): number {
  const count = cursor.u64();
  // No key or tensor takes less than 13 bytes.
  if (count <= most && count * 13 <= cursor.fileSize) return count;
  throw formatError(cursor.file, `claims ${count} ${what}`, `at most ${most}, and no more than it can hold`, {
    count,
  });
}

function readAlignment(metadata: ReadonlyMap<string, GgufValue>, file: string): number {
  const value = metadata.get('general.alignment') ?? defaultAlignment;
  const isAlignment =
    typeof value === 'number' &&
    value >= 8 &&
    value <= largestAlignment &&
    Number.isInteger(Math.log2(value));
  if (isAlignment) return value;
  throw formatError(
    file,
    'general.alignment is no alignment',
    `a power of two from 8 to ${largestAlignment}`,
  );
}

interface TensorInfo {
  readonly name: string;
  readonly shape: readonly number[];
  readonly typeId: number;
  readonly offset: number;
}

function readInfo(cursor: HeaderCursor): TensorInfo {
  const name = cursor.string();
  const axes = cursor.u32();
  if (name === '' || name.length > longestName || axes > mostAxes) {
    throw formatError(
      cursor.file,
      `tensor ${quoteName(name)} has ${axes} axes`,
      `a name, and at most ${mostAxes} axes`,
      {
        tensor: name,
      },
    );
  }
  const shape = Array.from({ length: axes }, () => cursor.u64()).reverse();
  return { name, shape, typeId: cursor.u32(), offset: cursor.u64() };
}

function placeTensor(
  info: TensorInfo,
  data: {
    readonly dataStart: number;
    readonly alignment: number;
    readonly fileSize: number;
    readonly file: string;
  },
): GgufTensor {
  const { name, shape, typeId, offset } = info;
  const refuse = (got: string, expected: string): HybraError =>
    formatError(data.file, `tensor ${quoteName(name)} ${got}`, expected, { tensor: name, shape });
  const type = ggmlTypeOf(typeId);
  if (!type) {
    throw new HybraError(
      'E_DTYPE',
      `${data.file}: tensor ${quoteName(name)} is ${describeGgmlType(typeId)}, which is not read. Expected one of ${readableTypes.join(', ')}: use the file of another quantisation.`,
      { tensor: name, type: typeId },
    );
  }
  if ((shape.at(-1) ?? 1) % type.blockSize !== 0) {
    throw refuse(
      `has rows of ${shape.at(-1)} elements`,
      `a multiple of ${type.blockSize} in ${type.name.toUpperCase()}`,
    );
  }
  const count = elementCount(shape);
  const byteLength = (count / type.blockSize) * type.blockBytes;
  if (!Number.isSafeInteger(count) || !Number.isSafeInteger(byteLength + offset) || shape.includes(0)) {
    throw refuse(
      `has the shape [${shape.join(', ')}]`,
      'extents from 1 that multiply to fewer than 2⁵³ bytes',
    );
  }
  if (offset % data.alignment !== 0) {
    throw refuse(`starts at ${offset} of the data`, `a multiple of the alignment, ${data.alignment}`);
  }
  if (data.dataStart + offset + byteLength > data.fileSize) {
    throw refuse(
      `ends at byte ${data.dataStart + offset + byteLength} of a file of ${data.fileSize}`,
      'all of its data in the file: the download is incomplete',
    );
  }
  return { name, type, shape, byteOffset: data.dataStart + offset, byteLength };
}

function checkOverlaps(tensors: ReadonlyMap<string, GgufTensor>, file: string): void {
  const sorted = [...tensors.values()].sort((a, b) => a.byteOffset - b.byteOffset);
  for (const [index, tensor] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before && before.byteOffset + before.byteLength > tensor.byteOffset) {
      throw formatError(
        file,
        `tensors ${quoteName(before.name)} and ${quoteName(tensor.name)} share bytes`,
        'data of their own',
        { tensors: [before.name, tensor.name] },
      );
    }
  }
}
