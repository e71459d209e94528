import type { FileDType } from '../safetensors/file-dtype.js';
import type { PickleCursor } from './pickle-cursor.js';
import { isKind, type PickleValue, type TorchStorage } from './pickle-values.js';

const storages: Readonly<Record<string, FileDType>> = {
  'torch.DoubleStorage': 'f64',
  'torch.FloatStorage': 'f32',
  'torch.HalfStorage': 'f16',
  'torch.BFloat16Storage': 'bf16',
  'torch.LongStorage': 'i64',
  'torch.IntStorage': 'i32',
  'torch.ShortStorage': 'i16',
  'torch.CharStorage': 'i8',
  'torch.ByteStorage': 'u8',
  'torch.BoolStorage': 'bool',
};
const longestKey = 64;

/** Whether a name is that of a class of storages. */
export function isStorageName(name: string): boolean {
  return Object.hasOwn(storages, name);
}

/** The storage that a persistent id `('storage', type, key, location, length)` names. @throws E_FORMAT */
export function makeStorage(id: PickleValue, cursor: PickleCursor): TorchStorage {
  const items = isKind(id, 'tuple') ? id.items : [];
  const [word, type, key, , length] = items;
  const dtype = isKind(type, 'global') && isStorageName(type.name) ? storages[type.name] : undefined;
  const isKey = typeof key === 'string' && key.length <= longestKey && /^[\w.-]+$/.test(key);
  const isLength = typeof length === 'number' && Number.isSafeInteger(length) && length >= 0;
  if (word !== 'storage' || !dtype || !isKey || !isLength || items.length !== 5) {
    throw cursor.error('has a storage that is none');
  }
  return { kind: 'storage', key, dtype, length };
}
