import { quoteName } from '../platform/quote-name.js';
import { formatError } from '../safetensors/format-error.js';
import type { HeaderCursor } from './header-cursor.js';

/** A value of a GGUF header. 64-bit integers are numbers, which they fit. */
export type GgufValue = number | string | boolean | readonly GgufValue[];

/** Types of values by their number in files: `gguf_metadata_value_type`. */
export const valueTypes = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  'array',
  'u64',
  'i64',
  'f64',
] as const;

/** A type of value that is no array. */
export type GgufScalarType = Exclude<(typeof valueTypes)[number], 'array'>;

/** Fewest bytes of a value, so that a count can be held against the file before anything is made for it. */
const leastBytes = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  string: 8,
  array: 12,
  u64: 8,
  i64: 8,
  f64: 8,
} as const satisfies Record<(typeof valueTypes)[number], number>;

/** Most elements of an array; vocabularies have some hundred thousand. */
const mostElements = 2 ** 22;
/** Arrays of arrays, and no deeper. */
const deepest = 2;

/** Reads the type of a value, then the value. @throws E_FORMAT, HeaderEndsEarly */
export function readValue(cursor: HeaderCursor, key: string, depth = 0): GgufValue {
  const id = cursor.u32();
  const type = valueTypes[id];
  if (type === undefined) {
    throw formatError(cursor.file, `${quoteName(key)} has a value of type ${id}`, 'a type from 0 to 12', {
      key,
    });
  }
  return type === 'array' ? readArray(cursor, key, depth) : cursor[type]();
}

function readArray(cursor: HeaderCursor, key: string, depth: number): GgufValue[] {
  const start = cursor.position;
  const type = valueTypes[cursor.u32()];
  const count = cursor.u64();
  const refuse = (got: string, expected: string) =>
    formatError(cursor.file, `${quoteName(key)} ${got}`, expected, { key, position: start });
  if (type === undefined) throw refuse('is an array of an unknown type', 'a type from 0 to 12');
  if (depth >= deepest) throw refuse(`nests arrays deeper than ${deepest}`, `at most ${deepest} levels`);
  if (count > mostElements || count * leastBytes[type] > cursor.fileSize - cursor.position) {
    throw refuse(`claims ${count} elements`, `at most ${mostElements}, and no more than the file holds`);
  }
  const values: GgufValue[] = [];
  if (type === 'array') {
    for (let index = 0; index < count; index++) values.push(readArray(cursor, key, depth + 1));
  } else {
    const read = cursor[type];
    for (let index = 0; index < count; index++) values.push(read());
  }
  return values;
}
