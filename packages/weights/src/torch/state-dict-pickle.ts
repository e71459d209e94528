import { fileByteSize } from '../safetensors/file-dtype.js';
import { PickleOutput } from './pickle-output.js';
import type { SavedRoot } from './saved-value.js';
import { type SavedDType, storageNames, type TorchTensorToWrite } from './torch-tensor-to-write.js';

/**
 * The pickle of a state dict as torch.save writes it, protocol 2: an OrderedDict of tensors, each rebuilt from a
 * storage that is a file `data/{index}` of the archive. Names beyond the first share their tensor's storage.
 * @param root a dict that the state dict lies in. Absent: none
 */
export function stateDictPickle(tensors: readonly TorchTensorToWrite[], root?: SavedRoot): Uint8Array {
  const output = new PickleOutput();
  if (root) {
    output.raw(0x7d, 0x28);
    for (const [key, value] of Object.entries(root.beside)) {
      output.string(key);
      output.value(value);
    }
    output.string(root.key);
  }
  stateDict(output, tensors);
  if (root) output.raw(0x75);
  return output.end();
}

function stateDict(output: PickleOutput, tensors: readonly TorchTensorToWrite[]): void {
  output.orderedDict();
  output.raw(0x28);
  for (const [index, tensor] of tensors.entries()) {
    const elements = tensor.shape.reduce((product, extent) => product * extent, 1);
    const integers = (values: readonly number[]) => () =>
      output.tuple(...values.map((value) => () => output.integer(value)));
    for (const name of [tensor.name, ...(tensor.alsoNamed ?? [])]) {
      output.string(name);
      output.global('torch._utils', '_rebuild_tensor_v2');
      output.tuple(
        () => {
          output.tuple(
            () => output.string('storage'),
            () => output.global('torch', storageNames[tensor.dtype as SavedDType]),
            () => output.string(String(index)),
            () => output.string('cpu'),
            () => output.integer(elements),
          );
          output.raw(0x51); // the storage of that identity
        },
        () => output.integer(0),
        integers(tensor.shape),
        integers(stridesOf(tensor.shape)),
        () => output.raw(0x89), // needs no gradient
        () => output.orderedDict(),
      );
      output.raw(0x52);
    }
  }
  output.raw(0x75);
}

/** Bytes of a tensor's storage. */
export function storageBytes({ shape, dtype }: TorchTensorToWrite): number {
  return shape.reduce((product, extent) => product * extent, fileByteSize(dtype));
}

function stridesOf(shape: readonly number[]): number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, extent) => product * extent, 1));
}
