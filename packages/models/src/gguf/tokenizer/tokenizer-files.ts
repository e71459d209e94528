import { HybraError } from '@hybra/spec';
import type { GgufMetadata } from '../gguf-metadata.js';
import { encodeSentencePiece } from './encode-sentence-piece.js';
import { splitPatterns } from './split-patterns.js';
import { type GgufVocabulary, readVocabulary, tokenKinds } from './vocabulary.js';

/** Tokenizer files of a checkpoint, by name. */
export interface TokenizerFiles {
  readonly json: Readonly<Record<string, unknown>>;
  readonly binary: Readonly<Record<string, Uint8Array>>;
}

/**
 * The tokenizer of a GGUF file as the files of transformers: byte-level BPE (`gpt2`) as `tokenizer.json`,
 * SentencePiece (`llama`) as `tokenizer.model`. None where the file has none, or one that is not read.
 * @throws E_FORMAT for one that contradicts itself
 */
export function tokenizerFiles(metadata: GgufMetadata): TokenizerFiles {
  const model = metadata.text('tokenizer.ggml.model');
  if (model !== 'gpt2' && model !== 'llama') return { json: {}, binary: {} };
  const vocabulary = readVocabulary(metadata);
  const settings = settingsOf(metadata, vocabulary);
  if (model === 'llama')
    return { json: settings, binary: { 'tokenizer.model': encodeSentencePiece(metadata, vocabulary) } };
  const name = metadata.text('tokenizer.ggml.pre') ?? 'default';
  const pattern = splitPatterns.get(name);
  // Another split gives other tokens: better none than wrong ones. Commands then say that there is no tokenizer.
  if (pattern === undefined) return { json: settings, binary: {} };
  return { json: { ...settings, 'tokenizer.json': byteLevel(metadata, vocabulary, pattern) }, binary: {} };
}

function settingsOf(metadata: GgufMetadata, { tokens }: GgufVocabulary): Record<string, unknown> {
  const template = metadata.text('tokenizer.chat_template');
  const id = (key: string): number | undefined => {
    const value = metadata.number(`tokenizer.ggml.${key}_token_id`);
    return value !== undefined && value >= 0 && value < tokens.length ? value : undefined;
  };
  const eos = [id('eos'), id('eot')].filter((value) => value !== undefined);
  const bos = id('bos');
  return {
    'tokenizer_config.json': {
      ...(template !== undefined && { chat_template: template }),
      ...(bos !== undefined && { bos_token: tokens[bos], add_bos_token: addsBos(metadata) }),
      ...(eos[0] !== undefined && { eos_token: tokens[eos[0]] }),
    },
    'generation_config.json': {
      ...(bos !== undefined && { bos_token_id: bos }),
      ...(eos.length > 0 && { eos_token_id: eos.length === 1 ? eos[0] : [...new Set(eos)] }),
    },
  };
}

/** Whether texts begin with the token for it: as the file says, else with SentencePiece only. */
function addsBos(metadata: GgufMetadata): boolean {
  return metadata.flag('tokenizer.ggml.add_bos_token') ?? metadata.text('tokenizer.ggml.model') === 'llama';
}

function byteLevel(
  metadata: GgufMetadata,
  { tokens, kinds }: GgufVocabulary,
  pattern: string,
): Record<string, unknown> {
  const merges = metadata.words('tokenizer.ggml.merges') ?? [];
  const vocab: Record<string, number> = {};
  const added: object[] = [];
  for (const [id, content] of tokens.entries()) {
    const kind = kinds[id] ?? tokenKinds.normal;
    if (kind === tokenKinds.control || kind === tokenKinds.userDefined) {
      const special = kind === tokenKinds.control;
      added.push({
        id,
        content,
        special,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      });
    }
    if (kind !== tokenKinds.unused) Object.defineProperty(vocab, content, { value: id, enumerable: true });
  }
  const bos = metadata.number('tokenizer.ggml.bos_token_id');
  const start = bos !== undefined && addsBos(metadata) ? tokens[bos] : undefined;
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
  return {
    version: '1.0',
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
        { ...bytes, use_regex: false },
      ],
    },
    post_processor: start === undefined ? null : startingWith(start, bos!),
    decoder: { ...bytes, use_regex: false },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: metadata.text('tokenizer.ggml.pre') === 'llama-bpe',
      vocab,
      merges: merges.map((merge) => {
        const [first, second, ...rest] = merge.split(' ');
        if (second !== undefined && rest.length === 0) return [first, second];
        throw new HybraError('E_FORMAT', 'GGUF: a merge of the tokenizer is no pair of tokens.', {
          key: 'tokenizer.ggml.merges',
        });
      }),
    },
  };
}

function startingWith(token: string, id: number): object {
  return {
    type: 'TemplateProcessing',
    single: [{ SpecialToken: { id: token, type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [
      { SpecialToken: { id: token, type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { Sequence: { id: 'B', type_id: 1 } },
    ],
    special_tokens: { [token]: { id: token, ids: [id], tokens: [token] } },
  };
}
