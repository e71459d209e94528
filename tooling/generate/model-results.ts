import { existsSync, readFileSync } from 'node:fs';

/** Where the measurements are kept. */
export const resultsFile = 'docs/models.results.json';

/** How far one model's logits lie from its golden file. */
export interface ModelResult {
  /** `model_type` of its configuration. */
  readonly family: string;
  /** Folder of the golden. */
  readonly checkpoint: string;
  readonly format: 'safetensors' | 'torch' | 'gguf';
  /** Name of the backend. */
  readonly device: string;
  /** Name of the device that it was measured on. */
  readonly machine: string;
  /** Storage of matrices. */
  readonly dtype: string;
  /** Largest absolute difference. */
  readonly logitError: number;
}

/** The measurements of a file; none where there is no file. */
export function readResults(path: string): ModelResult[] {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
}

/** Old measurements, with all those of the new ones' backends replaced. */
export function mergeResults(old: readonly ModelResult[], added: readonly ModelResult[]): ModelResult[] {
  const devices = new Set(added.map(({ device }) => device));
  return [...old.filter(({ device }) => !devices.has(device)), ...added];
}
