import { HybraError } from '@hybra/spec';
import { quoteName } from '../platform/quote-name.js';
import { checkTensorBytes } from '../writing/check-tensor-bytes.js';
import { replaceFile, type WriteOptions } from '../writing/replace-file.js';
import { crc32 } from './crc32.js';
import type { SavedRoot } from './saved-value.js';
import { stateDictPickle, storageBytes } from './state-dict-pickle.js';
import { centralDirectory, localHeader, type StoredFile } from './stored-zip.js';
import { storageNames, type TorchTensorToWrite } from './torch-tensor-to-write.js';

/** Options of {@link writeTorch}. */
export interface WriteTorchOptions extends WriteOptions {
  /** Called after each tensor with the bytes of tensors written so far. */
  readonly onProgress?: (writtenBytes: number, totalBytes: number) => void;
  /** A dict that the state dict lies in, with what else it holds. Default is none: the state dict alone is saved. */
  readonly root?: SavedRoot;
}

/**
 * Writes a state dict as torch.save does (PyTorch 1.6 and later: a zip archive of a pickle and a file a storage),
 * one tensor in memory at a time, and replaces `path` only when all of it is on the disk. Equal tensors give equal
 * files. Node only.
 * @throws E_ARGUMENT for a dtype that torch.save has no storage for, a name or key twice, or bytes of another length;
 * E_IO, E_ABORTED; the old file then stays
 * @example
 * await writeTorch('pytorch_model.bin', [{ name: 'head.weight', dtype: 'f32', shape: [2, 3], bytes }]);
 */
export async function writeTorch(
  path: string,
  tensors: readonly TorchTensorToWrite[],
  options: WriteTorchOptions = {},
): Promise<void> {
  checkNames(tensors);
  checkRoot(options.root);
  const total = tensors.reduce((sum, tensor) => sum + storageBytes(tensor), 0);
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  await replaceFile(
    path,
    async (append) => {
      const files: StoredFile[] = [];
      let offset = 0;
      const add = async (name: string, bytes: Uint8Array): Promise<void> => {
        const file = { name: `archive/${name}`, size: bytes.byteLength, crc: crc32(bytes), offset };
        const header = localHeader(file);
        await append(header);
        await append(bytes);
        files.push(file);
        offset += header.byteLength + bytes.byteLength;
      };
      await add('data.pkl', stateDictPickle(tensors, options.root));
      await add('byteorder', encode('little'));
      let written = 0;
      for (const [index, tensor] of tensors.entries()) {
        const bytes = typeof tensor.bytes === 'function' ? await tensor.bytes() : tensor.bytes;
        checkTensorBytes(tensor, bytes.byteLength, storageBytes(tensor));
        await add(`data/${index}`, bytes);
        written += bytes.byteLength;
        options.onProgress?.(written, total);
      }
      await add('version', encode('3\n'));
      await append(centralDirectory(files, offset));
    },
    options,
  );
}

function checkNames(tensors: readonly TorchTensorToWrite[]): void {
  const names = new Set<string>();
  for (const { name, alsoNamed = [], dtype } of tensors) {
    if (!Object.hasOwn(storageNames, dtype)) {
      throw new HybraError(
        'E_ARGUMENT',
        `writing a file of torch.save: ${quoteName(name)} is ${dtype}, expected one of ${Object.keys(storageNames).join(', ')}.`,
        { name, dtype },
      );
    }
    for (const own of [name, ...alsoNamed]) {
      if (names.has(own)) {
        throw new HybraError(
          'E_ARGUMENT',
          `writing a file of torch.save: ${quoteName(own)} is there twice.`,
          { name: own },
        );
      }
      names.add(own);
    }
  }
}

function checkRoot(root: SavedRoot | undefined): void {
  if (!root || !Object.hasOwn(root.beside, root.key)) return;
  throw new HybraError(
    'E_ARGUMENT',
    `writing a file of torch.save: its key ${quoteName(root.key)} is that of the state dict and of something beside it.`,
    { key: root.key },
  );
}
