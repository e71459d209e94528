import { HybraError } from '@hybra/spec';
import { quoteName } from '../platform/quote-name.js';
import { fileByteSize, safetensorsName } from '../safetensors/file-dtype.js';
import { maximumHeaderBytes, maximumNameLength, maximumRank } from '../safetensors/header-limits.js';
import { byteLengthOf } from '../safetensors/parse-tensor-info.js';
import type { TensorToWrite } from './tensor-to-write.js';

/** `sorted`: wide dtypes first, then by name. `given`: as they come. */
export type TensorOrder = 'sorted' | 'given';

/** The start of a file and what follows it, in order. */
export interface FilePlan<T> {
  /** Length and header, padded with spaces to a multiple of 8 bytes. */
  readonly head: Uint8Array<ArrayBuffer>;
  readonly tensors: readonly { readonly tensor: T; readonly byteLength: number }[];
}

const alignment = 8;

/**
 * Lays a file out: wide dtypes first, then by name, so that every tensor is aligned to its dtype and the same tensors
 * always give the same bytes; or as given.
 * @throws E_ARGUMENT for a name twice, or a name, shape or header beyond the format's limits, and where the order given
 * leaves a tensor unaligned
 */
export function planFile<T extends Omit<TensorToWrite, 'bytes'>>(
  tensors: readonly T[],
  metadata: Readonly<Record<string, string>>,
  order: TensorOrder = 'sorted',
): FilePlan<T> {
  const sorted = [...tensors];
  if (order === 'sorted') {
    sorted.sort((a, b) => fileByteSize(b.dtype) - fileByteSize(a.dtype) || compareNames(a.name, b.name));
  }
  const header = new Map<string, unknown>();
  const names = Object.keys(metadata).sort(compareNames);
  if (names.length > 0) header.set('__metadata__', new Map(names.map((name) => [name, metadata[name]])));
  let begin = 0;
  const planned = sorted.map((tensor) => {
    const byteLength = checkTensor(tensor, header, begin);
    const offsets = [begin, begin + byteLength];
    begin += byteLength;
    const info = { dtype: safetensorsName(tensor.dtype), shape: tensor.shape, data_offsets: offsets };
    header.set(tensor.name, info);
    return { tensor, byteLength };
  });
  return { head: encodeHead(header), tensors: planned };
}

/** By UTF-16 code units: the same order on every machine, whatever its language. */
function compareNames(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function checkTensor(
  tensor: Omit<TensorToWrite, 'bytes'>,
  header: ReadonlyMap<string, unknown>,
  begin: number,
): number {
  const { name, shape, dtype } = tensor;
  const refuse = (got: string, expected: string): never => {
    throw new HybraError('E_ARGUMENT', `writing tensor ${quoteName(name)}: ${got}. Expected ${expected}.`, {
      tensor: name,
      shape,
    });
  };
  if (name.length > maximumNameLength)
    refuse('its name is too long', `at most ${maximumNameLength} characters`);
  if (name === '__metadata__') refuse('the format keeps this name for itself', 'another name');
  if (header.has(name)) refuse('this name appears twice', 'each name once');
  if (begin % fileByteSize(dtype) !== 0)
    refuse(`its place at byte ${begin} is not aligned to ${dtype}`, 'wide dtypes first');
  const isShape =
    shape.length <= maximumRank && shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0);
  const byteLength = isShape ? byteLengthOf(shape, dtype) : undefined;
  return (
    byteLength ??
    refuse('bad shape', `at most ${maximumRank} non-negative integers that multiply to fewer than 2⁵³ bytes`)
  );
}

function encodeHead(header: ReadonlyMap<string, unknown>): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(stringifyMap(header));
  const length = Math.ceil(json.byteLength / alignment) * alignment;
  if (length > maximumHeaderBytes) {
    throw new HybraError(
      'E_ARGUMENT',
      `writing a safetensors file: its header would have ${length} bytes. Expected at most ${maximumHeaderBytes}: write several files.`,
      { headerBytes: length },
    );
  }
  const head = new Uint8Array(8 + length).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(length), true);
  head.set(json, 8);
  return head;
}

/** JSON with the map's order of keys; objects would move keys that look like integers to the front. */
function stringifyMap(map: ReadonlyMap<string, unknown>): string {
  const members = Array.from(map, ([key, value]) => {
    const json = value instanceof Map ? stringifyMap(value) : JSON.stringify(value);
    return `${JSON.stringify(key)}:${json}`;
  });
  return `{${members.join(',')}}`;
}
