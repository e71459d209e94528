import type { ModelChoice } from './engine/protocol.js';

/** The model that comes with the page: a file each, so that the bundler finds them. */
export const bundledModel: ModelChoice = {
  kind: 'bundled',
  name: 'shakespeare',
  urls: {
    'config.json': new URL('../../../packages/model-shakespeare/model/config.json', import.meta.url).href,
    'generation_config.json': new URL(
      '../../../packages/model-shakespeare/model/generation_config.json',
      import.meta.url,
    ).href,
    'model.safetensors': new URL(
      '../../../packages/model-shakespeare/model/model.safetensors',
      import.meta.url,
    ).href,
    'tokenizer.json': new URL('../../../packages/model-shakespeare/model/tokenizer.json', import.meta.url)
      .href,
  },
};
