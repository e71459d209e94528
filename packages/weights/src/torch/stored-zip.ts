import { joinBytes } from '../writing/join-bytes.js';

/** Where a stored file of an archive lies. */
export interface StoredFile {
  readonly name: string;
  readonly size: number;
  readonly crc: number;
  /** Of its local header. */
  readonly offset: number;
}

const localHeaderBytes = 30;
const wide = 0xffff_ffff;
/** torch.load maps storages into memory, and wants them aligned so (caffe2/serialize/inline_container.h). */
const alignment = 64;

/** The bytes before a file's contents, padded so that these begin at a multiple of 64. */
export function localHeader({ name, size, crc, offset }: StoredFile): Uint8Array {
  const text = new TextEncoder().encode(name);
  const sizes = size >= wide ? sixtyFour([size, size]) : new Uint8Array(0);
  const unpadded = offset + localHeaderBytes + text.length + sizes.length + 4;
  const padding = (alignment - (unpadded % alignment)) % alignment;
  const header = new Uint8Array(localHeaderBytes + text.length + sizes.length + 4 + padding);
  const view = new DataView(header.buffer);
  view.setUint32(0, 0x0403_4b50, true);
  view.setUint16(4, size >= wide ? 45 : 20, true);
  view.setUint32(14, crc, true);
  view.setUint32(18, Math.min(size, wide), true);
  view.setUint32(22, Math.min(size, wide), true);
  view.setUint16(26, text.length, true);
  view.setUint16(28, sizes.length + 4 + padding, true);
  header.set(text, localHeaderBytes);
  header.set(sizes, localHeaderBytes + text.length);
  // An extra field of PyTorch's own, "FB", is the padding.
  const extra = localHeaderBytes + text.length + sizes.length;
  view.setUint16(extra, 0x4246, true);
  view.setUint16(extra + 2, padding, true);
  return header;
}

/** The directory of an archive and its end. @param start offset of the directory */
export function centralDirectory(files: readonly StoredFile[], start: number): Uint8Array {
  const entries = files.map(directoryEntry);
  const size = entries.reduce((sum, entry) => sum + entry.length, 0);
  const isWide = files.length >= 0xffff || start + size >= wide;
  const end = new Uint8Array((isWide ? 76 : 0) + 22);
  const view = new DataView(end.buffer);
  if (isWide) {
    view.setUint32(0, 0x0606_4b50, true);
    view.setBigUint64(4, 44n, true);
    view.setUint16(12, 45, true);
    view.setUint16(14, 45, true);
    for (const at of [24, 32]) view.setBigUint64(at, BigInt(files.length), true);
    view.setBigUint64(40, BigInt(size), true);
    view.setBigUint64(48, BigInt(start), true);
    view.setUint32(56, 0x0706_4b50, true);
    view.setBigUint64(64, BigInt(start + size), true);
    view.setUint32(72, 1, true);
  }
  const at = isWide ? 76 : 0;
  view.setUint32(at, 0x0605_4b50, true);
  for (const field of [8, 10]) view.setUint16(at + field, Math.min(files.length, 0xffff), true);
  view.setUint32(at + 12, Math.min(size, wide), true);
  view.setUint32(at + 16, Math.min(start, wide), true);
  return joinBytes([...entries, end]);
}

function directoryEntry({ name, size, crc, offset }: StoredFile): Uint8Array {
  const text = new TextEncoder().encode(name);
  const numbers = [...(size >= wide ? [size, size] : []), ...(offset >= wide ? [offset] : [])];
  const extra = numbers.length > 0 ? sixtyFour(numbers) : new Uint8Array(0);
  const entry = new Uint8Array(46 + text.length + extra.length);
  const view = new DataView(entry.buffer);
  view.setUint32(0, 0x0201_4b50, true);
  for (const at of [4, 6]) view.setUint16(at, numbers.length > 0 ? 45 : 20, true);
  view.setUint32(16, crc, true);
  view.setUint32(20, Math.min(size, wide), true);
  view.setUint32(24, Math.min(size, wide), true);
  view.setUint16(28, text.length, true);
  view.setUint16(30, extra.length, true);
  view.setUint32(42, Math.min(offset, wide), true);
  entry.set(text, 46);
  entry.set(extra, 46 + text.length);
  return entry;
}

/** The extra field for what does not fit 32 bits. */
function sixtyFour(numbers: readonly number[]): Uint8Array {
  const field = new Uint8Array(4 + 8 * numbers.length);
  const view = new DataView(field.buffer);
  view.setUint16(0, 1, true);
  view.setUint16(2, 8 * numbers.length, true);
  for (const [index, number] of numbers.entries()) view.setBigUint64(4 + 8 * index, BigInt(number), true);
  return field;
}
