import { TokenizerError } from '../error.js';
import { booleanAt, integerAt, type JsonObject, objectAt, stringAt } from '../json-value.js';
import { largestTokenId, longestToken } from '../limits.js';
import type { TokenCodec } from '../token-codec.js';
import { encodeBpe } from './encode-bpe.js';
import { createUnigramEncoder } from './encode-unigram.js';
import { readModelFile } from './model-file.js';
import { createNormalizer } from './normalizer.js';
import { pieceStream } from './piece-stream.js';
import { SortedPieces } from './sorted-pieces.js';
import type { TextPiece } from './text-piece.js';
import { readVocabulary, type Vocabulary } from './vocabulary.js';

/** `added_tokens_decoder` of tokenizer_config.json: tokens by id, some beyond the model's own. */
function readAddedTokens(configuration: JsonObject): Map<string, number> {
  const path = 'tokenizer_config.json: added_tokens_decoder';
  const added = new Map<string, number>();
  for (const [key, token] of Object.entries(objectAt(path, configuration.added_tokens_decoder ?? {}))) {
    const id = integerAt(`${path}, id`, Number(key), 0, largestTokenId);
    const text = stringAt(`${path}[${id}].content`, objectAt(`${path}[${id}]`, token).content, longestToken);
    if (text !== '') added.set(text, id);
  }
  return added;
}

/** Ids of pieces; unknown ones become bytes where the model says so, otherwise a run of them becomes one. */
function idsOfPieces(text: string, pieces: readonly TextPiece[], vocabulary: Vocabulary): number[] {
  const ids: number[] = [];
  let followsUnknown = false;
  for (const { id, start, end } of pieces) {
    const isUnknown = id === vocabulary.unknownId;
    if (isUnknown && vocabulary.byteIds !== undefined) {
      for (const byte of new TextEncoder().encode(text.slice(start, end)))
        ids.push(vocabulary.byteIds[byte]!);
    } else if (!(isUnknown && followsUnknown)) ids.push(id);
    followsUnknown = isUnknown;
  }
  return ids;
}

/**
 * The codec of a SentencePiece model (Kudo and Richardson 2018, arXiv:1808.06226), unigram or BPE.
 * @param configuration tokenizer_config.json: `add_bos_token`, `add_eos_token`, `added_tokens_decoder`
 * @throws E_FORMAT, E_CONFIG
 */
export function sentencePieceCodec(bytes: Uint8Array, configuration: JsonObject): TokenCodec {
  if (!(bytes instanceof Uint8Array)) {
    throw new TokenizerError('E_ARGUMENT', 'loadTokenizer: expected the bytes of a SentencePiece model.');
  }
  const file = readModelFile(bytes);
  const vocabulary = readVocabulary(file);
  const normalize = createNormalizer(file, vocabulary.userDefined);
  const findPieces =
    file.algorithm === 'bpe'
      ? (text: string): TextPiece[] => encodeBpe(text, vocabulary)
      : createUnigramEncoder(vocabulary);

  const specialTokens = new Map<string, number>();
  for (const [id, { text, kind }] of file.pieces.entries())
    if (kind === 'control') specialTokens.set(text, id);
  for (const [text, id] of readAddedTokens(configuration)) {
    // A token that is an ordinary piece or the unknown one stays what the model says it is.
    if (id >= file.pieces.length || file.pieces[id]!.kind === 'control') specialTokens.set(text, id);
  }
  let vocabularySize = file.pieces.length;
  for (const id of specialTokens.values()) vocabularySize = Math.max(vocabularySize, id + 1);
  const specialTexts = new Map([...specialTokens].map(([text, id]) => [id, text]));
  const specialPieces = new SortedPieces(specialTokens);
  const controlId = (id: number): number | undefined =>
    file.pieces[id]?.kind === 'control' ? id : undefined;
  const bosId = controlId(file.bosId);
  const eosId = controlId(file.eosId);
  const addsBos = booleanAt('tokenizer_config.json: add_bos_token', configuration.add_bos_token, false);
  const addsEos = booleanAt('tokenizer_config.json: add_eos_token', configuration.add_eos_token, false);

  const encodeText = (text: string): number[] => {
    const normalized = normalize(text);
    return idsOfPieces(normalized, findPieces(normalized), vocabulary);
  };
  const encodeAroundSpecialTokens = (text: string): number[] => {
    const parts: number[][] = [];
    let from = 0;
    for (let index = 0; index < text.length; ) {
      const end = specialPieces.longestAt(text, index);
      if (end === index) index += 1;
      else {
        parts.push(encodeText(text.slice(from, index)), [specialTokens.get(text.slice(index, end))!]);
        index = end;
        from = end;
      }
    }
    parts.push(encodeText(text.slice(from)));
    return parts.flat();
  };

  return {
    vocabularySize,
    specialTokens,
    bosId,
    eosId,
    encode(text, { addSpecialTokens, parseSpecialTokens }) {
      const ids = parseSpecialTokens ? encodeAroundSpecialTokens(text) : encodeText(text);
      if (addSpecialTokens && addsBos && bosId !== undefined) ids.unshift(bosId);
      if (addSpecialTokens && addsEos && eosId !== undefined) ids.push(eosId);
      return ids;
    },
    stream: (skipSpecialTokens) => pieceStream({ file, vocabulary, specialTexts }, skipSpecialTokens),
    idOf: (token) =>
      specialTokens.get(token) ?? vocabulary.reservedIds.get(token) ?? vocabulary.textIds.get(token),
    tokenOf: (id) => specialTexts.get(id) ?? file.pieces[id]?.text,
  };
}
