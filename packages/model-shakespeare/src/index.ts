/** The folder of the checkpoint: `config.json`, `model.safetensors`, `tokenizer.json` and its golden files. */
export const modelFolder: URL = new URL('../model/', import.meta.url);
