import { join } from 'node:path';
import { type ExportedTensor, toHuggingFace } from '@hybra/models';
import { castElements, writeFileAtomic, writeSafetensors } from '@hybra/weights';
import { directoryAt } from '../../session/open-session.js';
import { copyCompanions } from '../quantize/copy-companions.js';
import { encodeConfig } from '../quantize/encode-config.js';
import { newFolder } from '../quantize/new-folder.js';
import { openInput } from './open-input.js';

/** Options of {@link writeAsHuggingFace}. */
export interface HuggingFaceOptions {
  readonly dtype?: 'f32' | 'f16' | 'bf16';
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** What was written, and what was lost. */
export interface HuggingFaceReport {
  readonly tensors: number;
  /** The family, and the dtypes of the tensors. */
  readonly type: string;
  readonly notes: readonly string[];
}

const floats: readonly string[] = ['f64', 'f32', 'f16', 'bf16'];
const dtypeNames = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' } as const;

/** Writes a folder as transformers would: `config.json`, `model.safetensors` and the files beside them. */
export async function writeAsHuggingFace(
  input: string,
  output: string,
  options: HuggingFaceOptions,
): Promise<HuggingFaceReport> {
  const { signal, dtype } = options;
  const checkpoint = await openInput(input, signal);
  try {
    const exported = toHuggingFace(checkpoint, signal);
    const rounding = { largest: 0 };
    const target = (tensor: ExportedTensor) =>
      dtype !== undefined && floats.includes(tensor.dtype) ? dtype : tensor.dtype;
    await newFolder(output, async (temporary) => {
      await writeSafetensors(
        join(temporary, 'model.safetensors'),
        exported.tensors.map((tensor) => ({
          name: tensor.name,
          dtype: target(tensor),
          shape: tensor.shape,
          bytes: async () => converted(await tensor.read(), tensor, target(tensor), rounding),
        })),
        { signal, onProgress: options.onProgress, metadata: { format: 'pt' } },
      );
      const own = dtype === undefined ? {} : { dtype: dtypeNames[dtype], torch_dtype: dtypeNames[dtype] };
      await writeFileAtomic(join(temporary, 'config.json'), encodeConfig({ ...exported.config, ...own }));
      await copyCompanions(directoryAt(input), temporary);
    });
    const dtypes = [...new Set(exported.tensors.map(target))];
    return {
      tensors: exported.tensors.length,
      type: `${exported.family}, ${dtypes.join(' and ')}`,
      notes: [
        rounding.largest === 0
          ? 'every number is as it was, bit by bit'
          : `numbers were rounded, by ${rounding.largest.toExponential(2)} of their tensor's largest at most`,
      ],
    };
  } finally {
    await checkpoint.weights.close();
  }
}

function converted(
  bytes: Uint8Array,
  tensor: ExportedTensor,
  dtype: ExportedTensor['dtype'],
  rounding: { largest: number },
): Uint8Array {
  if (dtype === tensor.dtype) return bytes;
  const narrow = castElements(bytes, tensor.dtype, dtype as 'f32');
  const [before, after] = [castElements(bytes, tensor.dtype, 'f64'), castElements(narrow, dtype, 'f64')].map(
    ({ buffer }) => new Float64Array(buffer),
  ) as [Float64Array, Float64Array];
  let scale = 0;
  let largest = 0;
  for (const [index, value] of before.entries()) {
    scale = Math.max(scale, Math.abs(value));
    largest = Math.max(largest, Math.abs(value - after[index]!));
  }
  if (scale > 0) rounding.largest = Math.max(rounding.largest, largest / scale);
  return narrow;
}
