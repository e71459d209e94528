import type { FileDType } from '../safetensors/file-dtype.js';

/** A storage of elements, which lies in a file of its own in the archive. */
export interface TorchStorage {
  readonly kind: 'storage';
  /** The file's name below `data/`. */
  readonly key: string;
  readonly dtype: FileDType;
  /** Elements. */
  readonly length: number;
}

/** A strided window on a storage. */
export interface TorchTensor {
  readonly kind: 'tensor';
  readonly storage: TorchStorage;
  /** Elements before the first. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** In elements, not negative. */
  readonly strides: readonly number[];
}

/** A name of Python that a pickle refers to. Never imported, never called. */
export interface PickleGlobal {
  readonly kind: 'global';
  readonly name: string;
}

/** Something that would be an object in Python and is none here: its class's name, and its attributes if it had any. */
export interface PickleInert {
  readonly kind: 'inert';
  readonly name: string;
  attributes: PickleDict | undefined;
}

/** A tuple. */
export interface PickleTuple {
  readonly kind: 'tuple';
  readonly items: PickleValue[];
}

/** A list or set. */
export interface PickleList {
  readonly kind: 'list';
  readonly items: PickleValue[];
}

/** What can be a key. */
export type PickleKey = string | number | bigint | boolean | null;

/** A dict or OrderedDict. */
export interface PickleDict {
  readonly kind: 'dict';
  readonly entries: Map<PickleKey, PickleValue>;
}

/** Everything that a pickle can make here. */
export type PickleValue =
  | PickleKey
  | Uint8Array
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleGlobal
  | PickleInert
  | TorchStorage
  | TorchTensor;

/** Whether a value is of the kind. */
export function isKind<Kind extends Exclude<PickleValue, PickleKey | Uint8Array>['kind']>(
  value: PickleValue | undefined,
  kind: Kind,
): value is Extract<PickleValue, { readonly kind: Kind }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind;
}
