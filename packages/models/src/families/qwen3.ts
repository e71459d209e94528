import * as bounds from '../parse/bounds.js';
import { readTransformer } from '../parse/transformer.js';
import { readWindows } from '../parse/window-layers.js';
import { llamaNames } from './block-names.js';
import type { Family } from './family.js';
import { namedForms } from './stored-form.js';
import { tiedHead } from './tied-head.js';

/** Qwen3ForCausalLM: Llama with an RMSNorm over each query head and key head (arXiv 2505.09388, §2). */
export const qwen3Family: Family = {
  modelType: 'qwen3',
  parseConfig: (json) =>
    readTransformer('qwen3', json, (reader, blocks) => {
      const windowOf = readWindows(reader, blocks);
      const bias = reader.boolean('attention_bias', false);
      const epsilon = reader.number('rms_norm_eps', bounds.epsilon, 1e-6);
      return {
        contextLength: 32_768,
        innerSize: 22_016,
        vocabularySize: 151_936,
        keyValueHeads: 32,
        headSize: 128,
        attention(block) {
          const window = windowOf(block);
          return {
            bias,
            headNorms: { epsilon, isCentred: false },
            ...(window !== undefined && { window }),
          };
        },
        mlpBias: false,
      };
    }),
  storedForms: namedForms(llamaNames),
  ignoredTensors: tiedHead,
};
