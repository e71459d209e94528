import type { HybridConfig } from '../config/hybrid-config.js';

/** What makes a family of checkpoints: how its configuration reads and what its tensors are called. */
export interface Family {
  /** As in `config.json`. */
  readonly modelType: string;
  /** @param json the parsed `config.json` @throws E_CONFIG that names the key */
  readonly parseConfig: (json: unknown) => HybridConfig;
  /** Names that a parameter may have on disk; the first is the one to write. */
  readonly tensorNames: (parameter: string) => readonly string[];
  /** Names of tensors on disk that are no part of the model and may be left unread. */
  readonly ignoredTensors: (config: HybridConfig) => readonly RegExp[];
}
