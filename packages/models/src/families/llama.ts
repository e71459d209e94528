import type { HybridConfig } from '../config/hybrid-config.js';
import { readTransformer } from '../parse/transformer.js';
import { llamaNames } from './block-names.js';
import type { Family } from './family.js';
import { namedForms } from './stored-form.js';
import { tiedHead } from './tied-head.js';

/** LlamaForCausalLM: the Transformer baseline. Each of its layers is two of ours: attention, then MLP. */
export const llamaFamily: Family = {
  modelType: 'llama',
  parseConfig: (json): HybridConfig =>
    readTransformer('llama', json, (reader) => {
      reader.ignore(['is_llama_config', 'pretraining_tp']);
      reader.only('rope_interleaved', [false], 'only the rotation of halves is supported');
      reader.only('sliding_window', [], 'llama has no sliding window');
      const bias = reader.boolean('attention_bias', false);
      return {
        contextLength: 2048,
        innerSize: 11_008,
        vocabularySize: 32_000,
        attention: () => ({ bias }),
        mlpBias: reader.boolean('mlp_bias', false),
      };
    }),
  storedForms: namedForms(llamaNames),
  // A buffer that early conversions saved; it follows from the configuration.
  ignoredTensors: (config) => [/^model\.layers\.\d+\.self_attn\.rotary_emb\.inv_freq$/, ...tiedHead(config)],
};
