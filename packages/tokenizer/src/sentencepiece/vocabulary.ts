import { TokenizerError } from '../error.js';
import type { ModelFile, Piece } from './model-file.js';
import { SortedPieces } from './sorted-pieces.js';

function formatError(problem: string): TokenizerError {
  return new TokenizerError('E_FORMAT', `SentencePiece model: ${problem}.`);
}

/** The pieces of a model by what they do (model_interface.cc, `InitializePieces`). */
export interface Vocabulary {
  readonly pieces: readonly Piece[];
  /** Pieces that text can become: normal, user-defined and unused ones. */
  readonly textIds: ReadonlyMap<string, number>;
  /** Pieces that text cannot become: unknown, control and byte ones. */
  readonly reservedIds: ReadonlyMap<string, number>;
  readonly unknownId: number;
  /** Ids of the 256 byte pieces; absent without byte fallback. */
  readonly byteIds: Int32Array | undefined;
  /** The value of a byte piece; absent for others. */
  readonly byteOfId: ReadonlyMap<number, number>;
  /** User-defined pieces: found in text before anything else. */
  readonly userDefined: SortedPieces;
}

/** @throws E_FORMAT where sentencepiece refuses to load a model too */
export function readVocabulary(file: ModelFile): Vocabulary {
  const textIds = new Map<string, number>();
  const reservedIds = new Map<string, number>();
  const userDefined = new Map<string, number>();
  const byteOfId = new Map<number, number>();
  const byteIds = new Int32Array(256).fill(-1);
  let unknownId = -1;
  for (const [id, { text, kind }] of file.pieces.entries()) {
    const isText = kind === 'normal' || kind === 'user-defined' || kind === 'unused';
    const ids = isText ? textIds : reservedIds;
    if (ids.has(text)) throw formatError(`piece ${id} repeats piece ${ids.get(text)}`);
    ids.set(text, id);
    if (kind === 'user-defined') userDefined.set(text, id);
    else if (kind === 'unknown') {
      if (unknownId >= 0) throw formatError('there are two unknown pieces');
      unknownId = id;
    } else if (kind === 'byte') {
      if (!/^<0x[0-9A-F]{2}>$/.test(text)) throw formatError(`piece ${id} is no byte`);
      const byte = Number.parseInt(text.slice(3, 5), 16);
      byteIds[byte] = id;
      byteOfId.set(id, byte);
    }
  }
  if (unknownId < 0) throw formatError('there is no unknown piece');
  if (file.byteFallback ? byteOfId.size !== 256 : byteOfId.size > 0) {
    throw formatError(
      `expected ${file.byteFallback ? 'all 256 byte pieces' : 'no byte pieces'}, got ${byteOfId.size}`,
    );
  }
  return {
    pieces: file.pieces,
    textIds,
    reservedIds,
    unknownId,
    byteIds: file.byteFallback ? byteIds : undefined,
    byteOfId,
    userDefined: new SortedPieces(userDefined),
  };
}
