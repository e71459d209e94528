import { quoteName } from '../platform/quote-name.js';
import { fileByteSize } from '../safetensors/file-dtype.js';
import { formatError } from '../safetensors/format-error.js';
import { missingTensor } from '../safetensors/missing-tensor.js';
import type { TensorEntry, WeightSource } from '../safetensors/weight-source.js';
import type { ByteSource } from '../sources/byte-source.js';
import { isKind, type TorchTensor } from './pickle-values.js';
import { readTorchArchive, requireOpen } from './torch-archive.js';

/**
 * Opens a state dict that torch.save wrote (`pytorch_model.bin`): tensors by name. Nothing in the file is run, and
 * a file that asks for anything but tensors is refused. Takes the source over: closes it when opening fails.
 * @throws E_FORMAT, E_IO, E_ABORTED
 * @example
 * const weights = await openTorch(await fileSource('pytorch_model.bin'));
 */
export async function openTorch(source: ByteSource, signal?: AbortSignal): Promise<WeightSource> {
  try {
    return await open(source, signal);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function open(source: ByteSource, signal: AbortSignal | undefined): Promise<WeightSource> {
  const archive = await readTorchArchive(source, { signal });
  if (!isKind(archive.value, 'dict')) {
    throw formatError(source.name, 'holds no dict', 'a state dict: tensors by name');
  }
  const tensors = new Map<string, TorchTensor>();
  const entries = new Map<string, TensorEntry>();
  for (const [name, tensor] of archive.value.entries) {
    if (typeof name !== 'string' || !isKind(tensor, 'tensor')) {
      throw formatError(
        source.name,
        `its entry ${quoteName(String(name))} is no tensor`,
        'a state dict: tensors by name',
      );
    }
    const { dtype } = tensor.storage;
    const byteLength = tensor.shape.reduce((product, extent) => product * extent, fileByteSize(dtype));
    tensors.set(name, tensor);
    entries.set(name, { name, dtype, shape: tensor.shape, byteLength });
  }
  let isClosed = false;
  return {
    entries,
    metadata: Object.freeze({}),
    async read(name, readSignal) {
      requireOpen(isClosed, source.name);
      const tensor = tensors.get(name);
      if (!tensor) throw missingTensor(name, entries.keys(), source.name);
      return archive.read(tensor, readSignal);
    },
    async close() {
      isClosed = true;
      await source.close();
    },
  };
}
