import { HybraError } from '@hybra/spec';
import { llamaArchitecture, qwen2Architecture, qwen3Architecture } from './architectures/llama.js';
import { mambaArchitecture } from './architectures/mamba.js';
import { mamba2Architecture } from './architectures/mamba2.js';
import { nemotronHArchitecture } from './architectures/nemotron-h.js';
import type { GgufArchitecture, TensorRow } from './gguf-architecture.js';

const architectures: readonly GgufArchitecture[] = [
  llamaArchitecture,
  mambaArchitecture,
  mamba2Architecture,
  nemotronHArchitecture,
  qwen2Architecture,
  qwen3Architecture,
];

/** The architecture of a GGUF file. @throws E_CONFIG that lists those that are read */
export function architectureNamed(name: string): GgufArchitecture {
  const found = architectures.find((architecture) => architecture.name === name);
  if (found) return found;
  throw new HybraError(
    'E_CONFIG',
    `GGUF: the architecture ${JSON.stringify(name.slice(0, 60))} is not read; read are ${architectures.map((each) => each.name).join(', ')}. Use the checkpoint in safetensors.`,
    { architecture: name.slice(0, 60) },
  );
}

/** The architecture that a family is written as. @throws E_CONFIG that lists the families */
export function architectureOf(family: string): GgufArchitecture {
  const found = architectures.find((architecture) => architecture.families.includes(family));
  if (found) return found;
  throw new HybraError(
    'E_CONFIG',
    `GGUF: ${family} is not written; written are ${architectures.flatMap((each) => each.families).join(', ')}.`,
    { family },
  );
}

/**
 * Finds the row of a tensor by one of its two names, and the other name.
 * @param by 0: a name of transformers, 1: a name of GGUF
 */
export function rowOf(
  rows: readonly TensorRow[],
  name: string,
  by: 0 | 1,
): { readonly name: string; readonly form: NonNullable<TensorRow[2]> } | undefined {
  const block = /\.(\d+)\./.exec(name)?.[1];
  const pattern = block === undefined ? name : name.replace(`.${block}.`, '.{l}.');
  const row = rows.find((candidate) => candidate[by] === pattern);
  return row && { name: row[by === 0 ? 1 : 0].replace('{l}', block ?? '0'), form: row[2] ?? 'same' };
}
