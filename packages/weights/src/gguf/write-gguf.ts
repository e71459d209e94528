import { elementCount, HybraError } from '@hybra/spec';
import { quoteName } from '../platform/quote-name.js';
import { joinBytes } from '../writing/join-bytes.js';
import { replaceFile, type WriteOptions } from '../writing/replace-file.js';
import { type GgmlTypeName, ggmlTypeNamed } from './ggml-type.js';
import { type GgufScalarType, valueTypes } from './header-value.js';

/** A value of a GGUF header with its type, which readers of the format insist on. */
export type GgufField =
  | { readonly type: GgufScalarType; readonly value: number | string | boolean }
  | {
      readonly type: 'array';
      readonly of: GgufScalarType;
      readonly value: readonly (number | string | boolean)[];
    };

/** A tensor for a GGUF file. */
export interface GgufTensorToWrite {
  readonly name: string;
  readonly type: GgmlTypeName;
  /** Row-major; the last extent is a multiple of the type's block. */
  readonly shape: readonly number[];
  /** Its blocks, or a function that is called once, when their turn comes. */
  readonly bytes: Uint8Array | (() => Uint8Array | Promise<Uint8Array>);
}

/** Contents of a GGUF file. */
export interface GgufToWrite {
  readonly metadata: Readonly<Record<string, GgufField>>;
  readonly tensors: readonly GgufTensorToWrite[];
}

/** Options of {@link writeGguf}. */
export interface WriteGgufOptions extends WriteOptions {
  /** Called after each tensor with the bytes written so far, header included. */
  readonly onProgress?: (writtenBytes: number, totalBytes: number) => void;
}

const alignment = 32;

/**
 * Writes a GGUF file of version 3, one tensor in memory at a time, and replaces `path` only when all of it is on the
 * disk. Node only.
 * @throws E_ARGUMENT for tensors that do not fit their type, E_IO, E_ABORTED; the old file then stays
 */
export async function writeGguf(
  path: string,
  file: GgufToWrite,
  options: WriteGgufOptions = {},
): Promise<void> {
  const { head, sizes } = planGguf(file);
  const total = sizes.reduce((sum, size) => sum + align(size), head.byteLength);
  await replaceFile(
    path,
    async (append) => {
      await append(head);
      let written = head.byteLength;
      for (const [index, tensor] of file.tensors.entries()) {
        for (const bytes of padded(tensor, await bytesOf(tensor), sizes[index]!)) {
          await append(bytes);
          written += bytes.byteLength;
        }
        options.onProgress?.(written, total);
      }
    },
    options,
  );
}

/** The same file in memory. @throws E_ARGUMENT */
export async function encodeGguf(file: GgufToWrite): Promise<Uint8Array<ArrayBuffer>> {
  const { head, sizes } = planGguf(file);
  const parts: Uint8Array[] = [head];
  for (const [index, tensor] of file.tensors.entries()) {
    parts.push(...padded(tensor, await bytesOf(tensor), sizes[index]!));
  }
  return joinBytes(parts);
}

async function bytesOf(tensor: GgufTensorToWrite): Promise<Uint8Array> {
  return typeof tensor.bytes === 'function' ? tensor.bytes() : tensor.bytes;
}

function align(position: number): number {
  return Math.ceil(position / alignment) * alignment;
}

function padded(tensor: GgufTensorToWrite, bytes: Uint8Array, size: number): Uint8Array[] {
  if (bytes.byteLength !== size) {
    throw refusal(tensor, `got ${bytes.byteLength} bytes. Expected ${size}`);
  }
  return [bytes, new Uint8Array(align(size) - size)];
}

function refusal(tensor: Pick<GgufTensorToWrite, 'name' | 'shape' | 'type'>, message: string): HybraError {
  return new HybraError(
    'E_ARGUMENT',
    `writing tensor ${quoteName(tensor.name)} as ${tensor.type}[${tensor.shape.join(', ')}]: ${message}.`,
    { tensor: tensor.name, shape: tensor.shape, type: tensor.type },
  );
}

function planGguf(file: GgufToWrite): { head: Uint8Array<ArrayBuffer>; sizes: readonly number[] } {
  const writer = new HeaderWriter();
  writer.u32(0x46554747);
  writer.u32(3);
  writer.u64(file.tensors.length);
  const fields = Object.entries(file.metadata);
  writer.u64(fields.length);
  for (const [key, field] of fields) {
    writer.string(key);
    writer.field(field);
  }
  const sizes: number[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (const tensor of file.tensors) {
    const { id, blockSize, blockBytes } = ggmlTypeNamed(tensor.type);
    const { name, shape } = tensor;
    if (names.has(name)) throw refusal(tensor, 'this name is there twice');
    names.add(name);
    if (shape.length < 1 || shape.length > 4 || (shape.at(-1) ?? 1) % blockSize !== 0) {
      throw refusal(tensor, `expected 1 to 4 axes and rows of a multiple of ${blockSize}`);
    }
    writer.string(name);
    writer.u32(shape.length);
    for (const extent of [...shape].reverse()) writer.u64(extent);
    writer.u32(id);
    writer.u64(offset);
    const size = (elementCount(shape) / blockSize) * blockBytes;
    sizes.push(size);
    offset += align(size);
  }
  return { head: writer.padded(), sizes };
}

/** Collects the little-endian values of a header. */
class HeaderWriter {
  #bytes = new Uint8Array(4096);
  #length = 0;

  #grow(length: number): DataView {
    const end = this.#length + length;
    if (end > this.#bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    const view = new DataView(this.#bytes.buffer, this.#length, length);
    this.#length = end;
    return view;
  }

  u8 = (value: number): void => this.#grow(1).setUint8(0, value);
  i8 = (value: number): void => this.#grow(1).setInt8(0, value);
  u16 = (value: number): void => this.#grow(2).setUint16(0, value, true);
  i16 = (value: number): void => this.#grow(2).setInt16(0, value, true);
  u32 = (value: number): void => this.#grow(4).setUint32(0, value, true);
  i32 = (value: number): void => this.#grow(4).setInt32(0, value, true);
  f32 = (value: number): void => this.#grow(4).setFloat32(0, value, true);
  f64 = (value: number): void => this.#grow(8).setFloat64(0, value, true);
  u64 = (value: number): void => this.#grow(8).setBigUint64(0, BigInt(value), true);
  i64 = (value: number): void => this.#grow(8).setBigInt64(0, BigInt(value), true);
  bool = (value: boolean): void => this.u8(value ? 1 : 0);
  string = (value: string): void => {
    const bytes = new TextEncoder().encode(value);
    this.u64(bytes.byteLength);
    this.#grow(bytes.byteLength);
    this.#bytes.set(bytes, this.#length - bytes.byteLength);
  };

  field(field: GgufField): void {
    this.u32(valueTypes.indexOf(field.type));
    if (field.type !== 'array') {
      this.#scalar(field.type, field.value);
      return;
    }
    this.u32(valueTypes.indexOf(field.of));
    this.u64(field.value.length);
    for (const value of field.value) this.#scalar(field.of, value);
  }

  #scalar(type: GgufScalarType, value: number | string | boolean): void {
    (this[type] as (value: number | string | boolean) => void)(value);
  }

  padded(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, align(this.#length));
  }
}
