import type { Random } from './random.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const awkwardValues: readonly Json[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e308,
  2 ** 31,
  2 ** 53,
  '',
  '__proto__',
  '\ud800',
  'x'.repeat(70_000),
  [],
  [[]],
  {},
  { a: {} },
];

/** Every container in the document with the keys that lead into it. */
function places(value: Json): { holder: Json[] | { [key: string]: Json }; key: string | number }[] {
  if (value === null || typeof value !== 'object') return [];
  const entries: [string | number, Json][] = Array.isArray(value)
    ? value.map((item, index) => [index, item])
    : Object.entries(value);
  return entries.flatMap(([key, item]) => [{ holder: value, key }, ...places(item)]);
}

function nested(depth: number): string {
  return `${'['.repeat(depth)}${']'.repeat(depth)}`;
}

/** One change of structure: a value replaced, removed, moved, repeated, or buried deep. */
function change(document: Json, random: Random): string {
  const all = places(document);
  if (all.length === 0) return JSON.stringify(random.pick(awkwardValues));
  const { holder, key } = random.pick(all);
  const item = (holder as { [key: string]: Json })[key]!;
  const other = random.pick(all);
  const put = (place: { holder: unknown; key: string | number }, value: Json): void => {
    Object.defineProperty(place.holder as object, place.key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    });
  };
  switch (random.below(6)) {
    case 0:
      put({ holder, key }, random.pick(awkwardValues));
      break;
    case 1:
      if (Array.isArray(holder)) holder.splice(Number(key), 1);
      else delete holder[key];
      break;
    case 2:
      put({ holder, key }, structuredClone((other.holder as { [key: string]: Json })[other.key]!));
      break;
    case 3:
      if (Array.isArray(holder))
        holder.push(...Array<Json>(1 + random.below(100)).fill(structuredClone(item)));
      else put({ holder, key: `${key}_` }, structuredClone(item));
      break;
    case 4:
      if (typeof item === 'number')
        put({ holder, key }, random.pick([-item, item + 1, item * 2 ** 32, item / 2]));
      else put({ holder, key }, [structuredClone(item)]);
      break;
    default: {
      const marker = '\u0001deep\u0001';
      put({ holder, key }, marker);
      const depth = random.pick([50, 5_000, 100_000]);
      return JSON.stringify(document).replace(JSON.stringify(marker), nested(depth));
    }
  }
  return JSON.stringify(document);
}

/** Deeper documents are the work of an earlier mutation; to walk and print them would exhaust our own stack. */
const deepest = 500;

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const character of text) {
    if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > deepest) return true;
  }
  return false;
}

function parse(bytes: Uint8Array): Json | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return isTooDeep(text) ? undefined : (JSON.parse(text) as Json);
  } catch {
    return undefined;
  }
}

/** Where a JSON text lies in the bytes: all of them, or behind a u64 that holds its length (safetensors). */
function jsonRange(bytes: Uint8Array): { start: number; end: number } | undefined {
  if (bytes[0] === 0x7b || bytes[0] === 0x5b) return { start: 0, end: bytes.length };
  if (bytes.length < 9 || bytes[8] !== 0x7b) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  return length <= BigInt(bytes.length - 8) ? { start: 8, end: 8 + Number(length) } : undefined;
}

/**
 * Applies one change to the structure of the JSON in the bytes; a length in front of it is kept right, so that
 * the parser gets past it.
 * @returns `undefined` if the bytes hold no JSON that parses, or a very deep one
 */
export function mutateJson(bytes: Uint8Array, random: Random): Uint8Array | undefined {
  const range = jsonRange(bytes);
  const document = range && parse(bytes.subarray(range.start, range.end));
  if (!range || document === undefined) return undefined;
  const text = new TextEncoder().encode(change(document, random));
  const result = new Uint8Array(range.start + text.length + bytes.length - range.end);
  result.set(text, range.start);
  result.set(bytes.subarray(range.end), range.start + text.length);
  if (range.start === 8) new DataView(result.buffer).setBigUint64(0, BigInt(text.length), true);
  return result;
}
