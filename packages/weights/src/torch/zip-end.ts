import { formatError } from '../safetensors/format-error.js';
import type { ByteSource } from '../sources/byte-source.js';

/** Where the directory of an archive is. */
export interface ZipDirectoryPlace {
  readonly offset: number;
  readonly byteLength: number;
  readonly entries: number;
}

const endSignature = 0x0605_4b50;
const locatorSignature = 0x0706_4b50;
const wideSignature = 0x0606_4b50;
const endBytes = 22;
const locatorBytes = 20;
const wideBytes = 56;
const longestComment = 0xffff;
const mostEntries = 2 ** 20;
const mostDirectoryBytes = 256 * 2 ** 20;
const smallestEntry = 46;

/** Finds the directory through the record at the end of the archive. @throws E_FORMAT */
export async function findDirectory(source: ByteSource, signal?: AbortSignal): Promise<ZipDirectoryPlace> {
  const length = Math.min(source.size, endBytes + longestComment);
  const tail = await source.read(source.size - length, length, signal);
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  for (let at = length - endBytes; at >= 0; at--) {
    if (
      view.getUint32(at, true) !== endSignature ||
      at + endBytes + view.getUint16(at + 20, true) !== length
    ) {
      continue;
    }
    const place = {
      entries: view.getUint16(at + 10, true),
      byteLength: view.getUint32(at + 12, true),
      offset: view.getUint32(at + 16, true),
    };
    const isWide =
      place.entries === 0xffff || place.byteLength === 0xffff_ffff || place.offset === 0xffff_ffff;
    return checked(source, isWide ? await findWide(source, source.size - length + at, signal) : place);
  }
  throw formatError(
    source.name,
    'is no zip archive',
    'a file of torch.save of PyTorch 1.6 or later; a file of an older one has to be saved again',
  );
}

async function findWide(
  source: ByteSource,
  end: number,
  signal: AbortSignal | undefined,
): Promise<ZipDirectoryPlace> {
  const broken = () => formatError(source.name, 'its zip64 directory is missing', 'a whole zip archive');
  if (end < locatorBytes) throw broken();
  const locator = await source.read(end - locatorBytes, locatorBytes, signal);
  const locatorView = new DataView(locator.buffer, locator.byteOffset, locator.byteLength);
  const at = Number(locatorView.getBigUint64(8, true));
  if (locatorView.getUint32(0, true) !== locatorSignature || !(at + wideBytes <= source.size)) throw broken();
  const wide = await source.read(at, wideBytes, signal);
  const view = new DataView(wide.buffer, wide.byteOffset, wide.byteLength);
  if (view.getUint32(0, true) !== wideSignature) throw broken();
  const [entries, byteLength, offset] = [32, 40, 48].map((field) =>
    Number(view.getBigUint64(field, true)),
  ) as [number, number, number];
  return { entries, byteLength, offset };
}

function checked(source: ByteSource, place: ZipDirectoryPlace): ZipDirectoryPlace {
  const { entries, byteLength, offset } = place;
  const isInside = offset + byteLength <= source.size && byteLength <= mostDirectoryBytes;
  if (isInside && entries <= mostEntries && entries * smallestEntry <= byteLength) return place;
  throw formatError(
    source.name,
    `claims a directory of ${entries} files in ${byteLength} bytes at ${offset} of ${source.size}`,
    'a directory inside the archive',
  );
}
