import { HybraError } from '@hybra/spec';
import { castElements, type FileDType, fileByteSize, type WeightSource } from '@hybra/weights';
import { parameterSpecs } from '../config/parameter-specs.js';
import { families, familyOf } from '../families/families.js';
import type { Family } from '../families/family.js';
import { checkpointReader } from '../load/checkpoint-reader.js';
import { huggingFaceConfig } from './hugging-face-config.js';
import { tensorBytes, tensorsOnDisk } from './tensors-on-disk.js';

/** A tensor of the checkpoint to write. */
export interface ExportedTensor {
  readonly name: string;
  readonly dtype: FileDType;
  readonly shape: readonly number[];
  /** Row-major, little-endian. @throws E_IO, E_ABORTED */
  read(): Promise<Uint8Array<ArrayBuffer>>;
}

/** A checkpoint in the layout of transformers. */
export interface HuggingFaceExport {
  readonly family: string;
  /** Its `config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: readonly ExportedTensor[];
}

/**
 * A checkpoint in the layout of transformers: names, shapes and dtypes as `save_pretrained` writes them. The elements
 * stay as they are, bit by bit.
 * @param checkpoint.config what its `config.json` says @param checkpoint.weights the caller closes them
 * @throws E_CONFIG for a model that transformers has no class for; E_FORMAT, E_SHAPE as `loadModel`
 */
export function toHuggingFace(
  checkpoint: { readonly config: unknown; readonly weights: WeightSource },
  signal?: AbortSignal,
): HuggingFaceExport {
  const source = familyOf(checkpoint.config);
  const parsed = source.parseConfig(checkpoint.config);
  if (Object.hasOwn(checkpoint.config as object, 'quantization_config')) {
    throw new HybraError(
      'E_CONFIG',
      'convert: the checkpoint is quantised. Convert the one it was made from.',
      {},
    );
  }
  const isOther = source.modelType === 'mamba_ssm';
  const json = isOther
    ? huggingFaceConfig(parsed)
    : ({ ...(checkpoint.config as Record<string, unknown>) } satisfies Record<string, unknown>);
  const target: Family = isOther ? families[String(json.model_type)]! : source;
  const config = target.parseConfig(json);
  const reader = checkpointReader(checkpoint.weights, { family: source, config: parsed, signal });
  const specs = new Map(parameterSpecs(parsed).map((spec) => [spec.name, spec]));
  const tensors = tensorsOnDisk(target, config).map((tensor): ExportedTensor => {
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
  return { family: target.modelType, config: json, tensors };
}
