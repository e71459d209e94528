import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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
  /** Storage of matrices. */
  readonly dtype: string;
  /** Largest absolute difference. */
  readonly logitError: number;
}

/** The measurements made so far. */
export function resultsOf(root: string): ModelResult[] {
  const path = join(root, resultsFile);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : [];
}
