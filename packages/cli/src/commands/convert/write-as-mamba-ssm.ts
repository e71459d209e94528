import { join } from 'node:path';
import { toMambaSsm } from '@hybra/models';
import { writeFileAtomic, writeTorch } from '@hybra/weights';
import { directoryAt } from '../../session/open-session.js';
import { copyCompanions } from '../quantize/copy-companions.js';
import { newFolder } from '../quantize/new-folder.js';
import type { FolderOptions, FolderReport } from './folder-options.js';
import { openInput } from './open-input.js';
import { rounding } from './rounding.js';

/** Writes a folder as state-spaces/mamba loads it: `config.json`, `pytorch_model.bin` and the files beside them. */
export async function writeAsMambaSsm(
  input: string,
  output: string,
  options: FolderOptions,
): Promise<FolderReport> {
  const { signal } = options;
  const checkpoint = await openInput(input, signal);
  try {
    const exported = await toMambaSsm(checkpoint, signal);
    const round = rounding(options.dtype);
    await newFolder(output, async (temporary) => {
      await writeTorch(
        join(temporary, 'pytorch_model.bin'),
        exported.tensors.map((tensor) => ({
          name: tensor.name,
          ...(tensor.alsoNamed && { alsoNamed: tensor.alsoNamed }),
          dtype: round.dtypeOf(tensor),
          shape: tensor.shape,
          bytes: () => round.bytesOf(tensor),
        })),
        { signal, onProgress: options.onProgress },
      );
      await writeFileAtomic(join(temporary, 'config.json'), encodePythonJson(exported.config));
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

/** JSON as Python's `json` reads and writes it, which has a bare Infinity: mamba_ssm knows no tag for it. */
function encodePythonJson(config: Readonly<Record<string, unknown>>): Uint8Array {
  const mark = '\u0000Infinity';
  const text = JSON.stringify(
    config,
    (_, value: unknown) => (value === Number.POSITIVE_INFINITY ? mark : value),
    2,
  );
  return new TextEncoder().encode(`${text.replaceAll(JSON.stringify(mark), 'Infinity')}\n`);
}
