import type { GgufField } from '@hybra/weights';
import { splitPatterns } from './split-patterns.js';
import { tokenKinds } from './vocabulary.js';

/** Files of a tokenizer, parsed; each may be absent. */
export interface TokenizerSettings {
  readonly tokenizerJson?: unknown;
  readonly tokenizerConfig?: unknown;
  readonly generationConfig?: unknown;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The metadata of a byte-level BPE tokenizer with a split that GGUF has a name for; `no_vocab` for any other, with
 * which other readers of the format run the model on token ids alone.
 * @param size rows of the embedding: tokens beyond the tokenizer's are unused
 */
export function tokenizerFields(settings: TokenizerSettings, size: number): Record<string, GgufField> {
  const json = asObject(settings.tokenizerJson);
  const model = asObject(json.model);
  const pre = splitName(json.pre_tokenizer);
  if (model.type !== 'BPE' || pre === undefined) {
    return { 'tokenizer.ggml.model': { type: 'string', value: 'no_vocab' } };
  }
  const tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
  const kinds = new Array<number>(size).fill(tokenKinds.unused);
  for (const [token, id] of Object.entries(asObject(model.vocab))) {
    if (typeof id !== 'number' || id >= size) continue;
    tokens[id] = token;
    kinds[id] = tokenKinds.normal;
  }
  for (const entry of Array.isArray(json.added_tokens) ? json.added_tokens : []) {
    const { id, content, special } = asObject(entry);
    if (typeof id !== 'number' || typeof content !== 'string' || id >= size) continue;
    tokens[id] = content;
    kinds[id] = special === true ? tokenKinds.control : tokenKinds.userDefined;
  }
  const merges = (Array.isArray(model.merges) ? model.merges : []).map((merge: unknown) =>
    Array.isArray(merge) ? merge.join(' ') : String(merge),
  );
  const generation = asObject(settings.generationConfig);
  const config = asObject(settings.tokenizerConfig);
  const ids: Record<string, GgufField> = {};
  for (const key of ['bos', 'eos'] as const) {
    const stated = generation[`${key}_token_id`];
    const id = Array.isArray(stated) ? stated[0] : stated;
    if (typeof id === 'number' && id >= 0 && id < size)
      ids[`tokenizer.ggml.${key}_token_id`] = { type: 'u32', value: id };
  }
  return {
    'tokenizer.ggml.model': { type: 'string', value: 'gpt2' },
    'tokenizer.ggml.pre': { type: 'string', value: pre },
    'tokenizer.ggml.tokens': { type: 'array', of: 'string', value: tokens },
    'tokenizer.ggml.token_type': { type: 'array', of: 'i32', value: kinds },
    'tokenizer.ggml.merges': { type: 'array', of: 'string', value: merges },
    'tokenizer.ggml.add_bos_token': {
      type: 'bool',
      value: asObject(json.post_processor).type === 'TemplateProcessing',
    },
    ...ids,
    ...(typeof config.chat_template === 'string' && {
      'tokenizer.chat_template': { type: 'string', value: config.chat_template },
    }),
  };
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null ? (value as Json) : {};
}

/** What GGUF calls the split of a `pre_tokenizer`. */
function splitName(value: unknown): string | undefined {
  const step = asObject(value);
  if (step.type === 'ByteLevel' && step.use_regex !== false && step.add_prefix_space !== true) return 'gpt-2';
  if (step.type !== 'Sequence' || !Array.isArray(step.pretokenizers) || step.pretokenizers.length !== 2)
    return undefined;
  const [split, bytes] = step.pretokenizers.map(asObject);
  const isPlain =
    split!.type === 'Split' &&
    split!.behavior === 'Isolated' &&
    bytes!.type === 'ByteLevel' &&
    bytes!.use_regex === false;
  const pattern = asObject(split!.pattern).Regex;
  if (!isPlain) return undefined;
  for (const [name, known] of splitPatterns) if (known === pattern) return name;
  return undefined;
}
