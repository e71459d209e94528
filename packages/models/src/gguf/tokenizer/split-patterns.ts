const gpt2 = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;
const llama3 = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`;
const qwen2 = llama3.replace('{1,3}', '');

/**
 * How text is split before BPE, by `tokenizer.ggml.pre`: the patterns that the tokenizers of these models publish in
 * their `tokenizer.json`.
 */
export const splitPatterns: ReadonlyMap<string, string> = new Map([
  ['gpt-2', gpt2],
  ['gpt2', gpt2],
  ['gpt-neox', gpt2],
  ['olmo', gpt2],
  ['mpt', gpt2],
  ['llama-bpe', llama3],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['qwen2', qwen2],
]);
