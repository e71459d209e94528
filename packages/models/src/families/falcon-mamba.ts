import * as bounds from '../parse/bounds.js';
import { backboneNames } from './backbone-names.js';
import type { Family } from './family.js';
import { readMambaModel } from './mamba-config.js';
import { namedForms } from './stored-form.js';
import { tiedHead } from './tied-head.js';

/** FalconMambaForCausalLM: Mamba with time step, B and C normalised, without weights (arXiv 2410.05355, §2.2). */
export const falconMambaFamily: Family = {
  modelType: 'falcon_mamba',
  parseConfig: (json) =>
    readMambaModel('falcon_mamba', json, (reader) => ({
      innerNorms: { epsilon: reader.number('mixer_rms_eps', bounds.epsilon, 1e-6), hasWeights: false },
    })),
  storedForms: namedForms(backboneNames),
  ignoredTensors: tiedHead,
};
