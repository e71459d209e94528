import type { TensorToWrite } from '../writing/tensor-to-write.js';

/** A tensor of a state dict, with its bytes. */
export interface TorchTensorToWrite extends TensorToWrite {
  /** Further names of the same tensor, such as that of a tied head. */
  readonly alsoNamed?: readonly string[];
}

/** PyTorch's classes of storages, by dtype. */
export const storageNames = {
  f64: 'DoubleStorage',
  f32: 'FloatStorage',
  f16: 'HalfStorage',
  bf16: 'BFloat16Storage',
  i64: 'LongStorage',
  i32: 'IntStorage',
  i16: 'ShortStorage',
  i8: 'CharStorage',
  u8: 'ByteStorage',
  bool: 'BoolStorage',
} as const;

/** A dtype that torch.save has had a storage for since its first version. */
export type SavedDType = keyof typeof storageNames;
