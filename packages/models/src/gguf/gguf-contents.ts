import { HybraError } from '@hybra/spec';
import {
  blocksOfValues,
  castElements,
  type Directory,
  type GgmlTypeName,
  type GgufField,
  type GgufTensorToWrite,
  type GgufToWrite,
  openCheckpoint,
  readJson,
  readOptionalJson,
  type TensorEntry,
  type WeightSource,
} from '@hybra/weights';
import { familyOf } from '../families/families.js';
import { architectureOf, rowOf } from './architectures.js';
import {
  decayOfLog,
  type FormSizes,
  isDecay,
  moveHeadRows,
  shapeToGguf,
  type TensorForm,
} from './tensor-form.js';
import { tokenizerFields } from './tokenizer/tokenizer-fields.js';

/** How the matrices of a GGUF file are stored. */
export type GgufOutputType = 'f32' | 'f16' | 'q8_0' | 'q4_0';

/** Numbers of `general.file_type`: `llama_ftype`. */
const fileTypes = { f32: 0, f16: 1, q4_0: 2, q8_0: 7 } as const satisfies Record<GgufOutputType, number>;

/** Contents of a GGUF file, made from a checkpoint; tensors are read when they are asked for. */
export interface GgufContents extends GgufToWrite {
  /** Closes the checkpoint. */
  close(): Promise<void>;
}

/**
 * A checkpoint as a GGUF file: matrices in `type` (embedding and head no narrower than Q8_0), small ones and what GGUF
 * wants so in float32.
 * @throws E_CONFIG for a family, a variant or a tensor that GGUF has no place for, and for quantised checkpoints
 */
export async function ggufContents(
  directory: Directory,
  type: GgufOutputType,
  signal?: AbortSignal,
): Promise<GgufContents> {
  const options = signal ? { signal } : {};
  const json = (await readJson(directory, 'config.json', options)) as Record<string, unknown>;
  if (json.quantization_config != null) {
    throw new HybraError('E_CONFIG', 'GGUF: the checkpoint is quantised. Start from the original.', {
      key: 'quantization_config',
    });
  }
  const family = familyOf(json);
  const config = family.parseConfig(json);
  const architecture = architectureOf(config.family);
  const { fields, own = {}, sizes } = architecture.writeFields(config);
  const source = await openCheckpoint(directory, signal);
  try {
    const ignored = family.ignoredTensors(config);
    const tensors = Array.from(source.entries.values()).flatMap((entry): GgufTensorToWrite[] => {
      if (ignored.some((pattern) => pattern.test(entry.name))) return [];
      const row = rowOf(architecture.rows, entry.name, 0);
      if (!row) {
        throw new HybraError(
          'E_CONFIG',
          `GGUF: ${architecture.name} has no place for the tensor ${JSON.stringify(entry.name)}.`,
          { tensor: entry.name },
        );
      }
      return [tensorToWrite(source, entry, { ...row, sizes, type, signal })];
    });
    const metadata: Record<string, GgufField> = {
      'general.architecture': { type: 'string', value: architecture.name },
      'general.file_type': { type: 'u32', value: fileTypes[type] },
      'general.quantization_version': { type: 'u32', value: 2 },
      [`${architecture.name}.vocab_size`]: { type: 'u32', value: config.vocabularySize },
    };
    for (const [key, field] of Object.entries(fields)) metadata[`${architecture.name}.${key}`] = field;
    const tokenizer = tokenizerFields(
      {
        tokenizerJson: await readOptionalJson(directory, 'tokenizer.json', options),
        tokenizerConfig: await readOptionalJson(directory, 'tokenizer_config.json', options),
        generationConfig: await readOptionalJson(directory, 'generation_config.json', options),
      },
      config.vocabularySize,
    );
    return { metadata: { ...metadata, ...own, ...tokenizer }, tensors, close: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}

function tensorToWrite(
  source: WeightSource,
  entry: TensorEntry,
  row: {
    readonly name: string;
    readonly form: TensorForm;
    readonly sizes: FormSizes;
    readonly type: GgufOutputType;
    readonly signal: AbortSignal | undefined;
  },
): GgufTensorToWrite {
  const { name, form, sizes } = row;
  const shape = shapeToGguf(form, entry.shape, sizes);
  const type = chooseType(name, form, shape, row.type);
  return {
    name,
    type,
    shape,
    async bytes() {
      const heads = form === 'queries' ? sizes.heads : form === 'keys' ? sizes.keyValueHeads : undefined;
      const read = castElements(await source.read(entry.name, row.signal), entry.dtype, 'f32');
      const values =
        heads === undefined
          ? read
          : moveHeadRows(read, { name: entry.name, count: shape[0]!, heads }, 'pairs');
      const floats = new Float32Array(values.buffer);
      if (isDecay(form)) decayOfLog(floats);
      if (type === 'q8_0' || type === 'q4_0') return blocksOfValues(type, floats);
      return type === 'f32' ? values : castElements(values, 'f32', 'f16');
    },
  };
}

/** Small matrices that llama.cpp does not quantise either: projections of the time step, B and C. */
const small = /\.(ssm_x|ssm_dt)\.weight$/;

function chooseType(
  name: string,
  form: TensorForm,
  shape: readonly number[],
  type: GgufOutputType,
): GgmlTypeName {
  const isMatrix = shape.length === 2 && (form === 'same' || form === 'queries' || form === 'keys');
  if (!isMatrix || small.test(name) || type === 'f32') return 'f32';
  if (type === 'f16' || shape[1]! % 32 !== 0) return 'f16';
  return name === 'token_embd.weight' || name === 'output.weight' ? 'q8_0' : type;
}
