/** A protobuf field holding bytes. */
function bytesField(number: number, value: Uint8Array | string): number[] {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return [...varint(number * 8 + 2), ...varint(bytes.length), ...bytes];
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];
}

function floatField(number: number, value: number): number[] {
  return [...varint(number * 8 + 5), ...new Uint8Array(Float32Array.of(value).buffer)];
}

function numberField(number: number, value: number): number[] {
  return [...varint(number * 8), ...varint(value)];
}

/** One entry of a SentencePiece vocabulary; `kind` as in the file: 1 normal, 2 unknown, 3 control, … 6 byte. */
export interface TinyPiece {
  readonly text: string;
  readonly score?: number;
  readonly kind?: number;
}

/** Fields of the model beside its pieces; what is absent is not written. */
export interface TinyModel {
  readonly pieces: readonly TinyPiece[];
  /** 1 unigram, 2 BPE, 3 word, 4 char */
  readonly algorithm: number;
  readonly byteFallback?: boolean;
  readonly normalizer?: readonly number[];
}

/** A SentencePiece model as a file. */
export function writeModel(model: TinyModel): Uint8Array {
  const pieces = model.pieces.flatMap(({ text, score = 0, kind = 1 }) =>
    bytesField(
      1,
      Uint8Array.from([...bytesField(1, text), ...floatField(2, score), ...numberField(3, kind)]),
    ),
  );
  const trainer = [...numberField(3, model.algorithm), ...numberField(35, model.byteFallback ? 1 : 0)];
  return Uint8Array.from([
    ...pieces,
    ...bytesField(2, Uint8Array.from(trainer)),
    ...bytesField(3, Uint8Array.from(model.normalizer ?? [])),
  ]);
}

/** The pieces of the tiny models: special ones, a few words, with bytes for BPE. */
export function tinyPieces(withBytes: boolean): TinyPiece[] {
  const words = ['▁', 'h', 'e', 'l', 'o', 't', 'he', 'll', 'the', '▁the', 'hell', 'hello', '▁hello', 'end'];
  const bytes = Array.from({ length: 256 }, (_, byte) => ({
    text: `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
    kind: 6,
  }));
  return [
    { text: '<unk>', kind: 2 },
    { text: '<s>', kind: 3 },
    { text: '</s>', kind: 3 },
    { text: '<sep>', kind: 4 },
    ...(withBytes ? bytes : []),
    ...words.map((text, index) => ({ text, score: -index - 1 })),
    { text: 'hel', score: -0.5, kind: 5 },
  ];
}

/** A SentencePiece model of some twenty pieces, the BPE one with byte fallback. */
export function tinySentencePiece(algorithm: 'bpe' | 'unigram'): Uint8Array {
  const isBpe = algorithm === 'bpe';
  return writeModel({ pieces: tinyPieces(isBpe), algorithm: isBpe ? 2 : 1, byteFallback: isBpe });
}

/**
 * Compiled normalisation rules, each from one ASCII character to a text. Every node of the double array gets a block
 * of 256 units of its own, so that nothing collides.
 */
export function writeCharsMap(rules: Readonly<Record<string, string>>): Uint8Array {
  const entries = Object.entries(rules);
  const units = new Uint32Array(256 * (entries.length + 2));
  const replacements: number[] = [];
  units[0] = 256 << 10; // the root's children begin at 256
  for (const [index, [from, to]] of entries.entries()) {
    const byte = from.charCodeAt(0);
    const block = 256 * (index + 2);
    units[256 + byte] = (((256 + byte) ^ block) << 10) | 0x100 | byte; // offset, has a leaf, label
    units[block] = (0x8000_0000 | replacements.length) >>> 0;
    replacements.push(...new TextEncoder().encode(to), 0);
  }
  const bytes = new Uint8Array(4 + 4 * units.length + replacements.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 4 * units.length, true);
  for (const [index, unit] of units.entries()) view.setUint32(4 + 4 * index, unit, true);
  bytes.set(replacements, 4 + 4 * units.length);
  return bytes;
}

/** A unigram model that normalises `H` to `h` and a line feed to a space. */
export function tinySentencePieceWithRules(): Uint8Array {
  const charsMap = writeCharsMap({ H: 'h', '\n': ' ' });
  return writeModel({ pieces: tinyPieces(false), algorithm: 1, normalizer: bytesField(2, charsMap) });
}

const vocab = Object.fromEntries(
  ['<unk>', 'h', 'e', 'l', 'o', '▁', 'he', 'll', 'hell', 'hello', '▁h', 'Ġ', '1', '2', '##e', '<0x0A>'].map(
    (token, id) => [token, id] as const,
  ),
);
const merges = ['h e', 'l l', 'he ll', 'hell o', '▁ h'];
const addedTokens = [
  { id: 16, content: '<s>', special: true },
  { id: 17, content: '</s>', special: true, lstrip: true, rstrip: true },
  { id: 18, content: 'end', special: false, normalized: true },
];
const post = {
  type: 'TemplateProcessing',
  single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
  pair: [],
  special_tokens: { '<s>': { id: '<s>', ids: [16], tokens: ['<s>'] } },
};

/** Small tokenizer.json files, which between them use every kind of component. */
export const tinyTokenizerJsons = [
  {
    added_tokens: addedTokens,
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'Prepend', prepend: '▁' },
        { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
        { type: 'Replace', pattern: { Regex: ' {2,}' }, content: '$&' },
        { type: 'NFKC' },
        { type: 'Strip', strip_left: false, strip_right: true },
      ],
    },
    pre_tokenizer: null,
    post_processor: post,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: 1, stop: 0 },
      ],
    },
    model: { type: 'BPE', vocab, merges, unk_token: '<unk>', fuse_unk: true, byte_fallback: true },
  },
  {
    added_tokens: addedTokens,
    normalizer: { type: 'NFC' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        {
          type: 'Split',
          pattern: { Regex: "(?i:'s|'t)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}|\\s+(?!\\S)|\\s+" },
          behavior: 'Isolated',
          invert: false,
        },
        { type: 'Digits', individual_digits: true },
        { type: 'Punctuation', behavior: 'Contiguous' },
        { type: 'FixedLength', length: 9 },
        { type: 'ByteLevel', add_prefix_space: false, use_regex: false },
      ],
    },
    post_processor: { type: 'Sequence', processors: [{ type: 'ByteLevel' }, post] },
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab, merges: merges.map((merge) => merge.split(' ')), ignore_merges: true },
  },
  {
    added_tokens: addedTokens,
    normalizer: { type: 'BertNormalizer', lowercase: true, strip_accents: null },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['</s>', 17], cls: ['<s>', 16] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', vocab, unk_token: '<unk>', continuing_subword_prefix: '##' },
  },
  {
    added_tokens: [],
    normalizer: { type: 'Precompiled', precompiled_charsmap: '' },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
    post_processor: null,
    decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first' },
    model: {
      type: 'Unigram',
      unk_id: 0,
      vocab: Object.keys(vocab).map((token, index) => [token, -index] as const),
    },
  },
] as const;
