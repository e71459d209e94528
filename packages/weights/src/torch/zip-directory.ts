/*
 * The directory of a zip archive (PKWARE APPNOTE 6.3.10, §4.3), as torch.save writes it: entries stored without
 * compression, sizes in the central directory, zip64 where files are large. Nothing is inflated.
 */

import { quoteName } from '../platform/quote-name.js';
import { formatError } from '../safetensors/format-error.js';
import type { ByteSource } from '../sources/byte-source.js';
import { findDirectory } from './zip-end.js';

/** One stored file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes of the file. */
  readonly size: number;
  /** Where its local header begins. */
  readonly headerOffset: number;
}

const entrySignature = 0x0201_4b50;
const localSignature = 0x0403_4b50;
const entryBytes = 46;
const localBytes = 30;
const stored = 0;
const isEncrypted = 1;
const inZip64 = 0xffff_ffff;
const zip64Field = 1;

/**
 * Reads an archive's directory.
 * @returns its files by name
 * @throws E_FORMAT for compressed, encrypted or repeated files and for ranges outside the archive
 */
export async function readZipDirectory(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, ZipEntry>> {
  const directory = await findDirectory(source, signal);
  const bytes = await source.read(directory.offset, directory.byteLength, signal);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let index = 0; index < directory.entries; index++) {
    if (at + entryBytes > bytes.byteLength || view.getUint32(at, true) !== entrySignature) {
      throw formatError(source.name, `entry ${index} of its directory is broken`, 'a zip archive');
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) =>
      view.getUint16(at + offset, true),
    ) as [number, number, number];
    const end = at + entryBytes + nameLength + extraLength + commentLength;
    if (end > bytes.byteLength) {
      throw formatError(source.name, `entry ${index} of its directory is cut off`, 'a whole zip archive');
    }
    const nameEnd = at + entryBytes + nameLength;
    const name = new TextDecoder().decode(bytes.subarray(at + entryBytes, nameEnd));
    const entry = readEntry(view, at, { name, nameEnd, extraLength, source });
    if (entries.has(name)) {
      throw formatError(source.name, `has ${quoteName(name)} twice`, 'each file once');
    }
    entries.set(name, entry);
    at = end;
  }
  return entries;
}

function readEntry(
  view: DataView,
  at: number,
  entry: {
    readonly name: string;
    readonly nameEnd: number;
    readonly extraLength: number;
    readonly source: ByteSource;
  },
): ZipEntry {
  const { name, source } = entry;
  const method = view.getUint16(at + 10, true);
  if (method !== stored || (view.getUint16(at + 8, true) & isEncrypted) !== 0) {
    throw formatError(
      source.name,
      `${quoteName(name)} is ${method === stored ? 'encrypted' : `compressed (method ${method})`}`,
      'files stored as they are, as torch.save writes them',
      { entry: name },
    );
  }
  const compressed = view.getUint32(at + 20, true);
  let size = view.getUint32(at + 24, true);
  let headerOffset = view.getUint32(at + 42, true);
  if (size === inZip64 || compressed === inZip64 || headerOffset === inZip64) {
    const wide = readZip64(view, entry, [size === inZip64, compressed === inZip64, headerOffset === inZip64]);
    size = wide[0] ?? size;
    headerOffset = wide[2] ?? headerOffset;
  }
  if (headerOffset + localBytes + size > source.size) {
    throw formatError(
      source.name,
      `${quoteName(name)} claims ${size} bytes at ${headerOffset} of ${source.size}`,
      'files inside the archive: the download may be incomplete',
      { entry: name },
    );
  }
  return { name, size, headerOffset };
}

/** The 64-bit fields that are there, in the order of the format. */
function readZip64(
  view: DataView,
  entry: {
    readonly name: string;
    readonly nameEnd: number;
    readonly extraLength: number;
    readonly source: ByteSource;
  },
  isWide: readonly boolean[],
): (number | undefined)[] {
  const end = entry.nameEnd + entry.extraLength;
  for (let at = entry.nameEnd; at + 4 <= end; ) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === zip64Field && at + 4 + length <= end) {
      let field = at + 4;
      const values = isWide.map((wide) => {
        if (!wide || field + 8 > at + 4 + length) return undefined;
        field += 8;
        return Number(view.getBigUint64(field - 8, true));
      });
      if (values.every((value, index) => !isWide[index] || Number.isSafeInteger(value))) return values;
    }
    at += 4 + length;
  }
  throw formatError(
    entry.source.name,
    `the size of ${quoteName(entry.name)} is missing`,
    'a field with 64 bits',
  );
}

/** Where the bytes of a file begin. @throws E_FORMAT */
export async function dataOffset(source: ByteSource, entry: ZipEntry, signal?: AbortSignal): Promise<number> {
  const bytes = await source.read(entry.headerOffset, localBytes, signal);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = entry.headerOffset + localBytes + view.getUint16(26, true) + view.getUint16(28, true);
  if (view.getUint32(0, true) !== localSignature || start + entry.size > source.size) {
    throw formatError(
      source.name,
      `${quoteName(entry.name)} is not where its directory says`,
      'a zip archive',
      {
        entry: entry.name,
      },
    );
  }
  return start;
}
