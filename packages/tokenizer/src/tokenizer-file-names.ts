/**
 * Names of the files in a model's folder that {@link loadTokenizer} can use, by the argument they belong to.
 * Any may be absent, but not both `tokenizerJson` and `sentencepiece`. For an argument with several names, read
 * the first that exists.
 */
export const tokenizerFileNames = {
  tokenizerJson: ['tokenizer.json'],
  sentencepiece: ['tokenizer.model', 'tokenizer.model.v3', 'spiece.model', 'sentencepiece.bpe.model'],
  tokenizerConfig: ['tokenizer_config.json'],
  specialTokensMap: ['special_tokens_map.json'],
  generationConfig: ['generation_config.json'],
  chatTemplate: ['chat_template.jinja'],
} as const satisfies Readonly<Record<string, readonly string[]>>;
