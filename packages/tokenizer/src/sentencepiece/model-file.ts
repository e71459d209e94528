import { TokenizerError } from '../error.js';
import { largestTokenId, longestToken } from '../limits.js';
import { type ProtobufField, protobufFields } from './protobuf-reader.js';

/** Kinds of pieces, by their number in the file. */
const pieceKinds = {
  1: 'normal',
  2: 'unknown',
  3: 'control',
  4: 'user-defined',
  5: 'unused',
  6: 'byte',
} as const;

/** What a piece is for. Only `normal`, `user-defined` and `unused` ones can match text. */
export type PieceKind = (typeof pieceKinds)[keyof typeof pieceKinds];

/** One entry of the vocabulary; its id is its place. */
export interface Piece {
  readonly text: string;
  /** Log probability (unigram) or minus the rank of the merge (BPE), in float32. */
  readonly score: number;
  readonly kind: PieceKind;
}

/** The parts of a SentencePiece model that encoding and decoding need. */
export interface ModelFile {
  readonly pieces: readonly Piece[];
  readonly algorithm: 'unigram' | 'bpe';
  readonly byteFallback: boolean;
  readonly whitespaceAsSuffix: boolean;
  /** Text of the unknown piece when decoding. */
  readonly unknownSurface: string;
  /** −1 where the model has none. */
  readonly bosId: number;
  readonly eosId: number;
  /** Compiled normalisation rules; empty for the identity. */
  readonly charsMap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
}

function formatError(problem: string, details: Readonly<Record<string, unknown>> = {}): TokenizerError {
  return new TokenizerError('E_FORMAT', `SentencePiece model: ${problem}.`, details);
}

function wrongType(field: ProtobufField, expected: string): TokenizerError {
  return formatError(`field ${field.number} is ${field.kind}, expected ${expected}`, { field: field.number });
}

function bytesOf(field: ProtobufField): Uint8Array {
  if (field.kind !== 'bytes') throw wrongType(field, 'bytes');
  return field.value;
}

function flagOf(field: ProtobufField): boolean {
  if (field.kind !== 'varint') throw wrongType(field, 'a number');
  return field.value !== 0;
}

/** An int32: negative numbers are written as 64-bit two's complement, of which the low 32 bits are enough. */
function integerOf(field: ProtobufField): number {
  if (field.kind !== 'varint') throw wrongType(field, 'a number');
  return (field.value % 2 ** 32) | 0;
}

function textOf(field: ProtobufField): string {
  const bytes = bytesOf(field);
  if (bytes.length > longestToken) throw formatError(`a text of ${bytes.length} bytes is too long`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new TokenizerError('E_FORMAT', 'SentencePiece model: a text is not UTF-8.', {}, { cause });
  }
}

function readPiece(bytes: Uint8Array): Piece {
  let text = '';
  let score = 0;
  let kind: PieceKind = 'normal';
  for (const field of protobufFields(bytes)) {
    if (field.number === 1) text = textOf(field);
    else if (field.number === 2) {
      if (field.kind !== 'float') throw wrongType(field, 'a float');
      score = field.value;
    } else if (field.number === 3) {
      const value = integerOf(field);
      const known = (pieceKinds as Readonly<Record<number, PieceKind>>)[value];
      if (known === undefined) throw formatError(`there is no kind of piece ${value}`, { kind: value });
      kind = known;
    }
  }
  if (text === '') throw formatError('a piece has no text');
  if (!Number.isFinite(score)) throw formatError('a score is not finite');
  return { text, score, kind };
}

function algorithmOf(field: ProtobufField): ModelFile['algorithm'] {
  const value = integerOf(field);
  if (value === 1) return 'unigram';
  if (value === 2) return 'bpe';
  const names: Readonly<Record<number, string>> = { 3: 'word', 4: 'char' };
  throw new TokenizerError(
    'E_CONFIG',
    `SentencePiece model: the algorithm is ${names[value] ?? value}; supported are unigram and bpe.`,
    { algorithm: value },
  );
}

/**
 * Reads a `.model` file: the message `ModelProto` of sentencepiece_model.proto, whose field numbers are used here.
 * Fields for training are skipped.
 * @throws E_FORMAT, E_CONFIG
 */
export function readModelFile(bytes: Uint8Array): ModelFile {
  const pieces: Piece[] = [];
  const file: { -readonly [Key in keyof ModelFile]: ModelFile[Key] } = {
    pieces,
    algorithm: 'unigram',
    byteFallback: false,
    whitespaceAsSuffix: false,
    unknownSurface: ' \u2047 ',
    bosId: 1,
    eosId: 2,
    charsMap: new Uint8Array(0),
    addDummyPrefix: true,
    removeExtraWhitespaces: true,
    escapeWhitespaces: true,
  };
  const readTrainer = (field: ProtobufField): void => {
    if (field.number === 3) file.algorithm = algorithmOf(field);
    else if (field.number === 24) file.whitespaceAsSuffix = flagOf(field);
    else if (field.number === 35) file.byteFallback = flagOf(field);
    else if (field.number === 41) file.bosId = integerOf(field);
    else if (field.number === 42) file.eosId = integerOf(field);
    else if (field.number === 44) file.unknownSurface = textOf(field);
  };
  const readNormalizer = (field: ProtobufField): void => {
    if (field.number === 2) file.charsMap = bytesOf(field);
    else if (field.number === 3) file.addDummyPrefix = flagOf(field);
    else if (field.number === 4) file.removeExtraWhitespaces = flagOf(field);
    else if (field.number === 5) file.escapeWhitespaces = flagOf(field);
  };
  for (const field of protobufFields(bytes)) {
    if (field.number === 1) {
      if (pieces.length > largestTokenId) throw formatError('there are too many pieces');
      pieces.push(readPiece(bytesOf(field)));
    } else if (field.number === 2) for (const inner of protobufFields(bytesOf(field))) readTrainer(inner);
    else if (field.number === 3) for (const inner of protobufFields(bytesOf(field))) readNormalizer(inner);
    else if (field.number === 5) {
      for (const inner of protobufFields(bytesOf(field))) {
        if (inner.number !== 2 || bytesOf(inner).length === 0) continue;
        throw new TokenizerError(
          'E_CONFIG',
          'SentencePiece model: rules for denormalising are not supported.',
        );
      }
    }
  }
  if (pieces.length === 0) throw formatError('there are no pieces');
  return file;
}
