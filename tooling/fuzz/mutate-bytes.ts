import type { Random } from './random.js';

type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const awkwardBytes = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x22, 0x5b, 0x7b, 0x2c, 0xc3, 0xed, 0xf0];
const awkwardCounts = [
  0n,
  1n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  1n << 53n,
  (1n << 63n) - 1n,
  (1n << 64n) - 1n,
];
const awkwardNumbers = [
  '-1',
  '0',
  '1.5',
  '1e308',
  '1e999',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '00',
];

function splice(bytes: Uint8Array, at: number, removed: number, inserted: Uint8Array): Uint8Array {
  const result = new Uint8Array(bytes.length - removed + inserted.length);
  result.set(bytes.subarray(0, at));
  result.set(inserted, at);
  result.set(bytes.subarray(at + removed), at + inserted.length);
  return result;
}

/** A region of at most 64 bytes, or sometimes of any length. */
function region(bytes: Uint8Array, random: Random): { start: number; length: number } {
  const start = random.below(bytes.length + 1);
  const longest = bytes.length - start;
  const bound = random.below(8) === 0 ? longest : Math.min(longest, 64);
  return { start, length: random.below(bound + 1) };
}

const flipBit: Mutation = (bytes, random) => {
  const copy = bytes.slice();
  if (copy.length > 0) copy[random.below(copy.length)]! ^= 1 << random.below(8);
  return copy;
};

const setByte: Mutation = (bytes, random) => {
  const copy = bytes.slice();
  if (copy.length > 0) copy[random.below(copy.length)] = random.pick(awkwardBytes);
  return copy;
};

const truncate: Mutation = (bytes, random) => bytes.slice(0, random.below(bytes.length + 1));

const remove: Mutation = (bytes, random) => {
  const { start, length } = region(bytes, random);
  return splice(bytes, start, length, new Uint8Array(0));
};

const duplicate: Mutation = (bytes, random) => {
  const { start, length } = region(bytes, random);
  return splice(bytes, random.below(bytes.length + 1), 0, bytes.slice(start, start + length));
};

const insert: Mutation = (bytes, random) => {
  const inserted = Uint8Array.from({ length: 1 + random.below(16) }, () => random.below(256));
  return splice(bytes, random.below(bytes.length + 1), 0, inserted);
};

/** Overwrites a little-endian u32 or u64, as binary formats use for lengths; often the first bytes. */
const setCount: Mutation = (bytes, random) => {
  const width = random.pick([4, 8]);
  if (bytes.length < width) return bytes;
  const copy = bytes.slice();
  const at = random.below(2) === 0 ? 0 : random.below(copy.length - width + 1);
  const view = new DataView(copy.buffer);
  const count = random.pick(awkwardCounts);
  if (width === 8) view.setBigUint64(at, count, true);
  else view.setUint32(at, Number(count & 0xffffffffn), true);
  return copy;
};

/** Replaces a run of decimal digits by an awkward number. */
const setDigits: Mutation = (bytes, random) => {
  const isDigit = (at: number): boolean => bytes[at]! >= 0x30 && bytes[at]! <= 0x39;
  const from = random.below(bytes.length + 1);
  for (let start = from; start < bytes.length; start++) {
    if (!isDigit(start)) continue;
    let end = start;
    while (end < bytes.length && isDigit(end)) end++;
    return splice(bytes, start, end - start, new TextEncoder().encode(random.pick(awkwardNumbers)));
  }
  return bytes;
};

const mutations: readonly Mutation[] = [
  flipBit,
  setByte,
  truncate,
  remove,
  duplicate,
  insert,
  setCount,
  setDigits,
];

/** Applies one mutation that knows nothing of the format. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  return random.pick(mutations)(bytes, random);
}
