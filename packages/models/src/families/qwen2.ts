import { readTransformer } from '../parse/transformer.js';
import { readWindows } from '../parse/window-layers.js';
import { llamaNames } from './block-names.js';
import type { Family } from './family.js';
import { namedForms } from './stored-form.js';
import { tiedHead } from './tied-head.js';

/** Qwen2ForCausalLM: Llama with biases of queries, keys and values, and windows in some blocks. */
export const qwen2Family: Family = {
  modelType: 'qwen2',
  parseConfig: (json) =>
    readTransformer('qwen2', json, (reader, blocks) => {
      reader.only('attention_bias', [true], 'this family always has biases of queries, keys and values');
      const windowOf = readWindows(reader, blocks);
      reader.only('use_mrope', [false], 'only text positions are supported');
      return {
        contextLength: 32_768,
        innerSize: 22_016,
        vocabularySize: 151_936,
        keyValueHeads: 32,
        attention(block) {
          const window = windowOf(block);
          return { bias: true, outputBias: false, ...(window !== undefined && { window }) };
        },
        mlpBias: false,
      };
    }),
  storedForms: namedForms(llamaNames),
  ignoredTensors: tiedHead,
};
