import { HybraError } from '@hybra/spec';
import { allocateBytes } from '../platform/allocate-bytes.js';
import { quoteName } from '../platform/quote-name.js';
import { fileByteSize } from '../safetensors/file-dtype.js';
import { formatError } from '../safetensors/format-error.js';
import type { ByteSource } from '../sources/byte-source.js';
import { type PickleOptions, readPickle } from './pickle-machine.js';
import type { PickleValue, TorchTensor } from './pickle-values.js';
import { dataOffset, readZipDirectory, type ZipEntry } from './zip-directory.js';

/** A file of torch.save. */
export interface TorchArchive {
  /** What was saved. Its tensors' elements are still in the file. */
  readonly value: PickleValue;
  /**
   * The elements of a tensor: contiguous, row-major, little-endian, in memory of their own.
   * @throws E_FORMAT if its storage is not there or smaller than it says; E_IO, E_ABORTED, E_OUT_OF_MEMORY
   */
  read(tensor: TorchTensor, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

const mostPickleBytes = 256 * 2 ** 20;
const pickleFile = 'data.pkl';

/** Opens a file of torch.save (PyTorch 1.6 and later). Does not close the source. @throws E_FORMAT, E_IO, E_ABORTED */
export async function readTorchArchive(
  source: ByteSource,
  options: PickleOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<TorchArchive> {
  const { signal } = options;
  const entries = await readZipDirectory(source, signal);
  const pickle = [...entries.keys()].find((name) => name === pickleFile || name.endsWith(`/${pickleFile}`));
  if (pickle === undefined) throw formatError(source.name, `has no ${pickleFile}`, 'a file of torch.save');
  const folder = pickle.slice(0, pickle.length - pickleFile.length);

  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(await readEntry(source, order, 64, signal)) !== 'little') {
    throw formatError(source.name, 'is big-endian', 'little-endian numbers: save it again');
  }
  const bytes = await readEntry(source, entries.get(pickle)!, mostPickleBytes, signal);
  const value = readPickle(bytes, source.name, options);
  const offsets = new Map<ZipEntry, Promise<number>>();

  return {
    value,
    async read(tensor, readSignal) {
      const { storage } = tensor;
      const name = `${folder}data/${storage.key}`;
      const entry = entries.get(name);
      const size = fileByteSize(storage.dtype);
      if (!entry || entry.size < storage.length * size) {
        throw formatError(
          source.name,
          `${quoteName(name)} has ${entry ? `${entry.size} bytes` : 'no file'}`,
          `${storage.length * size} bytes of ${storage.dtype}`,
          { entry: name },
        );
      }
      const known = offsets.get(entry) ?? dataOffset(source, entry, readSignal);
      offsets.set(entry, known);
      return readStrided(source, { tensor, start: await known, size }, readSignal);
    },
  };
}

async function readEntry(
  source: ByteSource,
  entry: ZipEntry,
  mostBytes: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  if (entry.size > mostBytes) {
    throw formatError(
      source.name,
      `${quoteName(entry.name)} has ${entry.size} bytes`,
      `at most ${mostBytes}`,
    );
  }
  return source.read(await dataOffset(source, entry, signal), entry.size, signal);
}

async function readStrided(
  source: ByteSource,
  place: { readonly tensor: TorchTensor; readonly start: number; readonly size: number },
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const { tensor, start, size } = place;
  const { shape, strides, offset } = tensor;
  const elements = shape.reduce((product, extent) => product * extent, 1);
  if (elements === 0) return new Uint8Array(0);
  const span = shape.reduce((last, extent, axis) => last + (extent - 1) * strides[axis]!, 0) + 1;
  const bytes = await source.read(start + offset * size, span * size, signal);
  if (isContiguous(shape, strides)) return bytes;
  const packed = allocateBytes(elements * size, source.name);
  const index = shape.map(() => 0);
  for (let element = 0; element < elements; element++) {
    const from = index.reduce((sum, at, axis) => sum + at * strides[axis]!, 0) * size;
    for (let byte = 0; byte < size; byte++) packed[element * size + byte] = bytes[from + byte]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return packed;
}

function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** @throws E_DISPOSED */
export function requireOpen(isClosed: boolean, file: string): void {
  if (isClosed) throw new HybraError('E_DISPOSED', `${file}: read after close().`, { file });
}
