import { fileByteSize } from '../safetensors/file-dtype.js';
import { type SavedDType, storageNames, type TorchTensorToWrite } from './torch-tensor-to-write.js';

/**
 * The pickle of a state dict as torch.save writes it, protocol 2: an OrderedDict of tensors, each rebuilt from a
 * storage that is a file `data/{index}` of the archive. Names beyond the first share their tensor's storage.
 */
export function stateDictPickle(tensors: readonly TorchTensorToWrite[]): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x80, 2)];
  const add = (...bytes: number[]): void => void parts.push(Uint8Array.from(bytes));
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  const global = (module: string, name: string): void => void parts.push(text(`c${module}\n${name}\n`));
  const string = (value: string): void => {
    const bytes = text(value);
    add(0x58, ...little(bytes.length, 4));
    parts.push(bytes);
  };
  const integer = (value: number): void => {
    if (value < 256) add(0x4b, value);
    else if (value < 2 ** 31) add(0x4a, ...little(value, 4));
    else add(0x8a, 8, ...little(value, 8)); // LONG1
  };
  const tuple = (...items: (() => void)[]): void => {
    add(0x28);
    for (const item of items) item();
    add(0x74);
  };
  const orderedDict = (): void => {
    global('collections', 'OrderedDict');
    add(0x29, 0x52); // called with nothing
  };

  orderedDict();
  add(0x28);
  for (const [index, tensor] of tensors.entries()) {
    const elements = tensor.shape.reduce((product, extent) => product * extent, 1);
    const integers = (values: readonly number[]) => () =>
      tuple(...values.map((value) => () => integer(value)));
    for (const name of [tensor.name, ...(tensor.alsoNamed ?? [])]) {
      string(name);
      global('torch._utils', '_rebuild_tensor_v2');
      tuple(
        () => {
          tuple(
            () => string('storage'),
            () => global('torch', storageNames[tensor.dtype as SavedDType]),
            () => string(String(index)),
            () => string('cpu'),
            () => integer(elements),
          );
          add(0x51); // the storage of that identity
        },
        () => integer(0),
        integers(tensor.shape),
        integers(stridesOf(tensor.shape)),
        () => add(0x89), // needs no gradient
        orderedDict,
      );
      add(0x52);
    }
  }
  add(0x75, 0x2e);
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Bytes of a tensor's storage. */
export function storageBytes({ shape, dtype }: TorchTensorToWrite): number {
  return shape.reduce((product, extent) => product * extent, fileByteSize(dtype));
}

function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
}

function little(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Math.floor(value / 256 ** index) % 256);
}
