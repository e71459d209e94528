import { HybraError } from '@hybra/spec';
import type { Directory } from '../checkpoint/directory.js';
import { quoteName } from '../platform/quote-name.js';
import { formatError } from '../safetensors/format-error.js';
import { missingTensor } from '../safetensors/missing-tensor.js';
import { type GgufFile, openGguf } from './open-gguf.js';
import type { GgufTensor } from './parse-gguf-header.js';
import { splitName } from './split-name.js';

/** Keys by which each part says what it is: `gguf-split` of llama.cpp. */
const keys = { number: 'split.no', count: 'split.count', tensors: 'split.tensors.count' } as const;

/**
 * Opens a GGUF file of a folder, and with any part of a split one (`…-00001-of-00003.gguf`) all of them as one file
 * with the metadata of the first.
 * @throws E_IO for a part that is not there; E_FORMAT for parts that contradict their names or each other; as `openGguf`
 * @example
 * const file = await openGgufParts(folderDirectory('models'), 'm-00001-of-00003.gguf');
 */
export async function openGgufParts(
  directory: Directory,
  fileName: string,
  signal?: AbortSignal,
): Promise<GgufFile> {
  const named = splitName(fileName);
  const given = await openPart(directory, fileName, signal);
  const stated = given.metadata.get(keys.count);
  if (!named || named.count === 1) {
    if (stated === undefined || stated === 1) return given;
    await given.close();
    throw formatError(
      given.name,
      `is one of ${String(stated)} parts, which its name does not say`,
      'the name that it was published with, such as model-00001-of-00003.gguf',
      { key: keys.count },
    );
  }
  const parts: GgufFile[] = [];
  try {
    for (let number = 1; number <= named.count; number++) {
      const part = number === named.number ? given : await openPart(directory, named.nameOf(number), signal);
      parts.push(part);
      requireValue(part, keys.number, number - 1);
      requireValue(part, keys.count, named.count);
    }
    return joined(parts);
  } catch (error) {
    await Promise.all([given, ...parts].map((part) => part.close()));
    throw error;
  }
}

async function openPart(
  directory: Directory,
  fileName: string,
  signal: AbortSignal | undefined,
): Promise<GgufFile> {
  const source = await directory.open(fileName, signal);
  if (source) return openGguf(source, signal);
  throw new HybraError(
    'E_IO',
    `${directory.name}: ${quoteName(fileName)} is not there.${splitName(fileName) ? ' Put all parts of the model into one folder.' : ''}`,
    { fileName },
  );
}

function requireValue(part: GgufFile, key: string, expected: number): void {
  const value = part.metadata.get(key);
  if (value === expected) return;
  throw formatError(
    part.name,
    `${key} is ${value === undefined ? 'missing' : quoteName(String(value))}`,
    `${expected}, as its name says`,
    { key },
  );
}

function joined(parts: readonly GgufFile[]): GgufFile {
  const first = parts[0]!;
  const tensors = new Map<string, GgufTensor>();
  const owners = new Map<string, GgufFile>();
  for (const part of parts) {
    for (const [name, tensor] of part.tensors) {
      const owner = owners.get(name);
      if (owner) {
        throw formatError(
          part.name,
          `tensor ${quoteName(name)} is in ${owner.name} too`,
          'each in one part',
          {
            tensor: name,
          },
        );
      }
      tensors.set(name, tensor);
      owners.set(name, part);
    }
  }
  requireTensorCount(first, tensors.size);
  return {
    name: first.name,
    metadata: first.metadata,
    tensors,
    async read(name, signal, part) {
      const owner = owners.get(name);
      if (!owner) throw missingTensor(name, tensors.keys(), first.name);
      return owner.read(name, signal, part);
    },
    async close() {
      await Promise.all(parts.map((part) => part.close()));
    },
  };
}

function requireTensorCount(first: GgufFile, count: number): void {
  const stated = first.metadata.get(keys.tensors);
  if (stated === undefined || stated === count) return;
  throw formatError(
    first.name,
    `${keys.tensors} is ${quoteName(String(stated))}`,
    `${count}, the tensors of all parts together`,
    { key: keys.tensors },
  );
}
