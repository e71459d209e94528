import { HybraError } from '@hybra/spec';
import { castElements, type FileDType, fileByteSize } from '@hybra/weights';
import type { HybridConfig } from '../config/hybrid-config.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import type { Family } from '../families/family.js';
import type { CheckpointReader } from '../load/checkpoint-reader.js';
import { tensorBytes, tensorsOnDisk } from './tensors-on-disk.js';

/** A tensor of the checkpoint to write. */
export interface ExportedTensor {
  readonly name: string;
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  /** Row-major, little-endian. @throws E_IO, E_ABORTED */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * The tensors of a checkpoint in the layout of a family, from wherever its parameters are read. Elements stay as they
 * are, bit by bit; a tensor made of several has the dtype of the first.
 */
export function exportedTensors(
  reader: CheckpointReader,
  target: { readonly family: Family; readonly config: HybridConfig },
): ExportedTensor[] {
  const specs = new Map(parameterSpecs(target.config).map((spec) => [spec.name, spec]));
  return tensorsOnDisk(target.family, target.config).map((tensor) => {
    const dtype = reader.dtypeOf(specs.get(tensor.pieces[0]!.spec.name)!);
    return {
      name: tensor.name,
      dtype,
      shape: tensor.shape,
      read: () =>
        tensorBytes(tensor, fileByteSize(dtype), async ({ name }) => {
          const stored = await reader.read(specs.get(name)!);
          if (!('bytes' in stored)) {
            throw new HybraError('E_FORMAT', `convert: ${name} is quantised.`, { name });
          }
          const { bytes, dtype: own } = stored;
          return own === dtype ? bytes : castElements(bytes, own, dtype as 'f32');
        }),
    };
  });
}
