import { backboneNames } from './backbone-names.js';
import type { Family } from './family.js';
import { readMambaModel } from './mamba-config.js';
import { namedForms } from './stored-form.js';
import { tiedHead } from './tied-head.js';

/** MambaForCausalLM: Mamba layers alone (Gu & Dao 2023). */
export const mambaFamily: Family = {
  modelType: 'mamba',
  parseConfig: (json) => readMambaModel('mamba', json, () => ({})),
  storedForms: namedForms(backboneNames),
  ignoredTensors: tiedHead,
};
