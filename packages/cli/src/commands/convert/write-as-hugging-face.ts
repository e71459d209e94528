import { join } from 'node:path';
import { toHuggingFace } from '@hybra/models';
import { writeFileAtomic, writeSafetensors } from '@hybra/weights';
import { directoryAt } from '../../session/open-session.js';
import { copyCompanions } from '../quantize/copy-companions.js';
import { encodeConfig } from '../quantize/encode-config.js';
import { newFolder } from '../quantize/new-folder.js';
import type { FolderOptions, FolderReport } from './folder-options.js';
import { openInput } from './open-input.js';
import { rounding } from './rounding.js';

const dtypeNames = { f32: 'float32', f16: 'float16', bf16: 'bfloat16' } as const;

/** Writes a folder as transformers would: `config.json`, `model.safetensors` and the files beside them. */
export async function writeAsHuggingFace(
  input: string,
  output: string,
  options: FolderOptions,
): Promise<FolderReport> {
  const { signal, dtype } = options;
  const checkpoint = await openInput(input, signal);
  try {
    const exported = await toHuggingFace(checkpoint, signal);
    const round = rounding(dtype);
    await newFolder(output, async (temporary) => {
      await writeSafetensors(
        join(temporary, 'model.safetensors'),
        exported.tensors.map((tensor) => ({
          name: tensor.name,
          dtype: round.dtypeOf(tensor),
          shape: tensor.shape,
          bytes: () => round.bytesOf(tensor),
        })),
        { signal, onProgress: options.onProgress, metadata: { format: 'pt' } },
      );
      const own = dtype === undefined ? {} : { dtype: dtypeNames[dtype], torch_dtype: dtypeNames[dtype] };
      await writeFileAtomic(join(temporary, 'config.json'), encodeConfig({ ...exported.config, ...own }));
      await copyCompanions(directoryAt(input), temporary);
    });
    return {
      tensors: exported.tensors.length,
      type: `${exported.family}, ${[...new Set(exported.tensors.map(round.dtypeOf))].join(' and ')}`,
      notes: [round.note()],
    };
  } finally {
    await checkpoint.weights.close();
  }
}
