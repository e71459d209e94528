import { families } from '../families/families.js';
import type { Family } from '../families/family.js';
import { type ExportedTensor, exportedTensors } from './exported-tensors.js';
import { huggingFaceConfig } from './hugging-face-config.js';
import { type CheckpointToExport, openForExport } from './open-for-export.js';
import { requireSameModel } from './same-model.js';

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
 * @throws E_CONFIG for a model that transformers has no class for; E_FORMAT, E_SHAPE as `loadModel`
 */
export async function toHuggingFace(
  checkpoint: CheckpointToExport,
  signal?: AbortSignal,
): Promise<HuggingFaceExport> {
  const source = await openForExport(checkpoint, signal);
  if (source.family.modelType !== 'mamba_ssm') {
    const { family, config, reader } = source;
    const json = { ...(checkpoint.config as Record<string, unknown>) };
    return { family: family.modelType, config: json, tensors: exportedTensors(reader, { family, config }) };
  }
  const json = huggingFaceConfig(source.config);
  const family: Family = families[String(json.model_type)]!;
  const config = family.parseConfig(json);
  requireSameModel(`transformers' ${family.modelType}`, { from: source.config, to: config });
  return {
    family: family.modelType,
    config: json,
    tensors: exportedTensors(source.reader, { family, config }),
  };
}
