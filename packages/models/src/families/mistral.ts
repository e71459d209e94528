import * as bounds from '../parse/bounds.js';
import { readTransformer } from '../parse/transformer.js';
import { llamaNames } from './block-names.js';
import type { Family } from './family.js';
import { namedForms } from './stored-form.js';
import { tiedHead } from './tied-head.js';

/** MistralForCausalLM: Llama with a sliding window (Jiang et al. 2023). */
export const mistralFamily: Family = {
  modelType: 'mistral',
  parseConfig: (json) =>
    readTransformer('mistral', json, (reader) => {
      reader.only('attention_bias', [false], 'this family has no biases');
      // `null` says that there is no window; without the key there is the first model's.
      const isUnlimited = reader.isNull('sliding_window');
      const stated = reader.optionalInteger('sliding_window', bounds.contextLength);
      const window = isUnlimited ? undefined : (stated ?? 4096);
      return {
        contextLength: 131_072,
        innerSize: 14_336,
        vocabularySize: 32_000,
        keyValueHeads: 8,
        attention: () => ({ bias: false, ...(window !== undefined && { window }) }),
        mlpBias: false,
      };
    }),
  storedForms: namedForms(llamaNames),
  ignoredTensors: tiedHead,
};
