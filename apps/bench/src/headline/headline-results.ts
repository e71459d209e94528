import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { CellBytes, DecodeCell } from './cell-bytes.js';
import type { HeadlineName } from './headline-models.js';

/** A cell of the grid as it was measured. */
export interface DecodeResult extends DecodeCell {
  readonly model: HeadlineName;
  readonly bytes: CellBytes;
  /** Of a step; absent where the cell does not fit into memory. */
  readonly seconds?: number;
}

/** Speed of a prompt. */
export interface PrefillResult {
  readonly model: HeadlineName;
  readonly length: number;
  /** Absent where it does not fit into memory. */
  readonly tokensPerSecond?: number;
}

/** Everything that was measured on one machine. */
export interface HeadlineResults {
  readonly device: string;
  /** What the numbers depend on: size of the models, storage of states, arithmetic of products. */
  readonly setting: string;
  readonly decode: DecodeResult[];
  readonly prefill: PrefillResult[];
}

/** Results of an earlier run in the same setting, to go on from; new ones where there are none. */
export function openResults(path: string, device: string, setting: string): HeadlineResults {
  if (!existsSync(path)) return { device, setting, decode: [], prefill: [] };
  const results = readResults(path);
  if (results.device === device && results.setting === setting) return results;
  throw new Error(
    `${path} was measured on ${results.device} (${results.setting}), not on ${device} (${setting}): give another --out`,
  );
}

export function readResults(path: string): HeadlineResults {
  return JSON.parse(readFileSync(path, 'utf8')) as HeadlineResults;
}

export function saveResults(path: string, results: HeadlineResults): void {
  writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`);
}
