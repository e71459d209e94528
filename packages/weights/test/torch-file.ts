import { PickleWriter } from './pickle-writer.js';
import { zipOf } from './zip-of.js';

/** A tensor to write: its elements, or a window on another's storage. */
export interface TorchTensorToWrite {
  readonly shape: readonly number[];
  /** Such as `FloatStorage`. Default is that. */
  readonly storageType?: string;
  readonly bytes: Uint8Array;
  readonly elementBytes?: number;
  /** Tensors with the same name share one storage. */
  readonly storage?: string;
  readonly offset?: number;
  readonly strides?: readonly number[];
}

/** Tensors, numbers, text, truth values and dicts of them. */
export type TorchValue =
  | TorchTensorToWrite
  | number
  | string
  | boolean
  | { readonly [name: string]: TorchValue };

/** A file as torch.save writes it: a zip archive with a pickle and a file per storage. */
export function torchFile(value: { readonly [name: string]: TorchValue }): Uint8Array {
  const storages = new Map<string, Uint8Array>();
  const pickle = new PickleWriter();
  write(pickle, value, storages);
  return zipOf({
    'archive/data.pkl': pickle.end(),
    'archive/byteorder': new TextEncoder().encode('little'),
    ...Object.fromEntries(Array.from(storages, ([key, bytes]) => [`archive/data/${key}`, bytes])),
    'archive/version': new TextEncoder().encode('3\n'),
  });
}

function isTensor(value: TorchValue): value is TorchTensorToWrite {
  return typeof value === 'object' && 'bytes' in value && value.bytes instanceof Uint8Array;
}

function write(pickle: PickleWriter, value: TorchValue, storages: Map<string, Uint8Array>): void {
  if (typeof value === 'number') pickle.integer(value);
  else if (typeof value === 'string') pickle.string(value);
  else if (typeof value === 'boolean') pickle.boolean(value);
  else if (isTensor(value)) writeTensor(pickle, value, storages);
  else {
    pickle.dict(() => {
      for (const [name, item] of Object.entries(value)) {
        pickle.string(name);
        write(pickle, item as TorchValue, storages);
      }
    });
  }
}

function writeTensor(
  pickle: PickleWriter,
  tensor: TorchTensorToWrite,
  storages: Map<string, Uint8Array>,
): void {
  const { shape, storageType = 'FloatStorage', bytes, elementBytes = 4, offset = 0 } = tensor;
  const key = tensor.storage ?? String(storages.size);
  storages.set(key, bytes);
  const strides =
    tensor.strides ??
    shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
  pickle
    .global('torch._utils', '_rebuild_tensor_v2')
    .tuple(() => {
      pickle.tuple(() => {
        pickle.string('storage').global('torch', storageType).string(key).string('cpu');
        pickle.integer(bytes.byteLength / elementBytes);
      });
      pickle.raw(0x51).integer(offset).integers(shape).integers(strides).boolean(false);
      pickle
        .global('collections', 'OrderedDict')
        .tuple(() => undefined)
        .reduce();
    })
    .reduce();
}
