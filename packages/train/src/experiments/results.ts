import { HybraError } from '@hybra/spec';
import { writeFileAtomic } from '@hybra/weights';
import { nodeModule } from '../platform/node-module.js';
import type { StateSize } from './state-size.js';
import type { Scores } from './task.js';

/** One model trained once. */
export interface CellResult {
  readonly comparison: string;
  readonly model: string;
  readonly learningRate: number;
  readonly seed: number;
  readonly parameters: number;
  /** Numbers kept of one sequence. */
  readonly state: StateSize;
  /** Steps taken; fewer than planned where the task was learnt before. */
  readonly steps: number;
  /** Training loss, mean of the last steps, along the way. */
  readonly curve: readonly (readonly [step: number, loss: number])[];
  /** Empty where training diverged. */
  readonly scores: readonly Scores[];
  readonly diverged?: string;
  readonly seconds: number;
}

/** Results of an experiment as they are kept in `results.json`. */
export interface Results {
  readonly experiment: string;
  readonly size: 'quick' | 'full';
  readonly config: Readonly<Record<string, unknown>>;
  readonly cells: readonly CellResult[];
}

/** Reads what was done before. @throws E_CONFIG when the folder holds another experiment or other numbers */
export async function readResults(folder: string, expected: Omit<Results, 'cells'>): Promise<CellResult[]> {
  const { readFile } = nodeModule('node:fs/promises', 'results');
  const { join } = nodeModule('node:path', 'results');
  let text: string;
  try {
    text = await readFile(join(folder, 'results.json'), 'utf8');
  } catch {
    return []; // nothing done yet
  }
  const { cells, ...facts } = JSON.parse(text) as Results;
  if (JSON.stringify(facts) !== JSON.stringify(expected)) {
    throw new HybraError(
      'E_CONFIG',
      `${folder}: holds results of ${facts.experiment} --${facts.size} with other numbers. Give another --out.`,
      { folder },
    );
  }
  return [...cells];
}

/** Writes all results so far; the file is replaced as a whole. */
export async function writeResults(folder: string, results: Results): Promise<void> {
  const { mkdir } = nodeModule('node:fs/promises', 'results');
  const { join } = nodeModule('node:path', 'results');
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(
    join(folder, 'results.json'),
    new TextEncoder().encode(`${JSON.stringify(results, null, 1)}\n`),
  );
}
