import { type Directory, type GgufField, type GgufToWrite, readOptionalJson } from '@hybra/weights';
import type { HybridConfig } from '../config/hybrid-config.js';
import { huggingFaceConfig } from '../export/hugging-face-config.js';
import { type CheckpointToExport, openForExport } from '../export/open-for-export.js';
import { requireSameModel } from '../export/same-model.js';
import { familyOf } from '../families/families.js';
import type { Family } from '../families/family.js';
import { architectureOf } from './architectures.js';
import { tokenizerFields } from './tokenizer/tokenizer-fields.js';
import { requireReadsBack } from './write/require-reads-back.js';
import type { GgufOutputType } from './write/tensor-type.js';
import { writtenTensors } from './write/written-tensors.js';

/** Options of {@link toGguf}. */
export interface ToGgufOptions {
  /** Of matrices. Embedding and head are no narrower than Q8_0; small ones and what GGUF wants so are float32. */
  readonly type: GgufOutputType;
  /** Where the files of the tokenizer are. Default is none: the file is then for token ids alone. */
  readonly tokenizer?: Directory;
  readonly signal?: AbortSignal | undefined;
}

/** Numbers of `general.file_type`: `llama_ftype`. */
const fileTypes = { f32: 0, f16: 1, q4_0: 2, q8_0: 7 } as const satisfies Record<GgufOutputType, number>;

/**
 * A checkpoint as a GGUF file; tensors are read when they are asked for. What is written reads as the same model, or
 * is refused.
 * @throws E_CONFIG for a family, a variant or a parameter that GGUF has no place for, and for quantised checkpoints;
 * E_FORMAT, E_SHAPE as `loadModel`
 */
export async function toGguf(checkpoint: CheckpointToExport, options: ToGgufOptions): Promise<GgufToWrite> {
  const { type, tokenizer, signal } = options;
  const source = await openForExport(checkpoint, signal);
  const { family, config } = source.family.modelType === 'mamba_ssm' ? inTransformers(source.config) : source;
  const architecture = architectureOf(config);
  const { fields, own = {}, tensors: others = [] } = architecture.writeFields(config);
  const metadata: Record<string, GgufField> = {
    'general.architecture': { type: 'string', value: architecture.name },
    'general.file_type': { type: 'u32', value: fileTypes[type] },
    'general.quantization_version': { type: 'u32', value: 2 },
    [`${architecture.name}.vocab_size`]: { type: 'u32', value: config.vocabularySize },
  };
  for (const [key, field] of Object.entries(fields)) metadata[`${architecture.name}.${key}`] = field;
  Object.assign(metadata, own);
  const tensors = [...writtenTensors(source.reader, { family, config, architecture }, type), ...others];
  requireReadsBack({ metadata, tensors }, { config, architecture });
  return { metadata: { ...metadata, ...(await readTokenizer(tokenizer, config, signal)) }, tensors };
}

/** A model of mamba_ssm as transformers has it. @throws E_CONFIG where it has not */
function inTransformers(config: HybridConfig): { family: Family; config: HybridConfig } {
  const json = huggingFaceConfig(config);
  const family = familyOf(json);
  const to = family.parseConfig(json);
  requireSameModel(`transformers' ${family.modelType}`, { from: config, to });
  return { family, config: to };
}

async function readTokenizer(
  directory: Directory | undefined,
  { vocabularySize }: HybridConfig,
  signal: AbortSignal | undefined,
): Promise<Record<string, GgufField>> {
  if (!directory) return tokenizerFields({}, vocabularySize);
  const read = (fileName: string): Promise<unknown> =>
    readOptionalJson(directory, fileName, signal ? { signal } : {});
  return tokenizerFields(
    {
      tokenizerJson: await read('tokenizer.json'),
      tokenizerConfig: await read('tokenizer_config.json'),
      generationConfig: await read('generation_config.json'),
    },
    vocabularySize,
  );
}
