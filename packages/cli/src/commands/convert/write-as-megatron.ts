import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { megatronFile, precisionArguments, toMegatron } from '@hybra/models';
import { writeFileAtomic, writeTorch } from '@hybra/weights';
import { directoryAt } from '../../session/open-session.js';
import { copyCompanions } from '../quantize/copy-companions.js';
import { newFolder } from '../quantize/new-folder.js';
import type { FolderOptions, FolderReport } from './folder-options.js';
import { openInput } from './open-input.js';
import { rounding } from './rounding.js';

/**
 * Writes a folder as Megatron-LM's `--load` takes it: `release/mp_rank_00/model_optim_rng.pt` of one rank, the file
 * that names `release`, and the tokenizer.
 */
export async function writeAsMegatron(
  input: string,
  output: string,
  options: FolderOptions,
): Promise<FolderReport> {
  const { signal, dtype } = options;
  const checkpoint = await openInput(input, signal);
  try {
    const exported = await toMegatron(checkpoint, signal);
    const round = rounding(dtype);
    const args = { ...exported.args, ...(dtype && precisionArguments(dtype)) };
    await newFolder(output, async (temporary) => {
      const rank = join(temporary, 'release', 'mp_rank_00');
      await mkdir(rank, { recursive: true });
      await writeTorch(
        join(rank, megatronFile),
        exported.tensors.map((tensor) => ({
          name: tensor.name,
          dtype: round.dtypeOf(tensor),
          shape: tensor.shape,
          bytes: () => round.bytesOf(tensor),
        })),
        {
          signal,
          onProgress: options.onProgress,
          // The version of Megatron-LM's layout, in which query groups lie one after the other.
          root: { key: 'model', beside: { args, checkpoint_version: 3, iteration: 0 } },
        },
      );
      const latest = new TextEncoder().encode('release\n');
      await writeFileAtomic(join(temporary, 'latest_checkpointed_iteration.txt'), latest);
      await copyCompanions(directoryAt(input), temporary);
    });
    return {
      tensors: exported.tensors.length,
      type: `megatron, ${[...new Set(exported.tensors.map(round.dtypeOf))].join(' and ')}`,
      notes: [round.note(), ...exported.notes],
    };
  } finally {
    await checkpoint.weights.close();
  }
}
