import type { HybridConfig } from '../config/hybrid-config.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import type { StoredForm } from './stored-form.js';

/** What makes a family of checkpoints: how its configuration reads and how its tensors lie on disk. */
export interface Family {
  /** As in `config.json`. */
  readonly modelType: string;
  /** @param json the parsed `config.json` @throws E_CONFIG that names the key */
  readonly parseConfig: (json: unknown) => HybridConfig;
  /** The ways in which a parameter may lie on disk; the first is the one to write. */
  readonly storedForms: (spec: ParameterSpec, config: HybridConfig) => readonly StoredForm[];
  /** Names of tensors on disk that are no part of the model and may be left unread. */
  readonly ignoredTensors: (config: HybridConfig) => readonly RegExp[];
}
