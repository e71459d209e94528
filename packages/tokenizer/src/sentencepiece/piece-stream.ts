import { BytePieceDecoder } from '../streaming/byte-piece-decoder.js';
import type { TextStream } from '../tokenizer.js';
import type { ModelFile } from './model-file.js';
import { spaceSymbol } from './normalizer.js';
import type { Vocabulary } from './vocabulary.js';

/** What a piece stream needs to know. */
export interface PieceStreamSource {
  readonly file: ModelFile;
  readonly vocabulary: Vocabulary;
  /** Text of special tokens: control symbols, and tokens that the configuration adds. */
  readonly specialTexts: ReadonlyMap<number, string>;
}

/**
 * Streaming decode of pieces (sentencepiece_processor.cc, `Decode`): the space that normalising put before the text
 * goes, U+2581 becomes a space, and byte pieces join into characters.
 *
 * One difference from there: unless they are skipped, special tokens have a text, as in tokenizer.json.
 */
export function pieceStream(source: PieceStreamSource, skipSpecialTokens: boolean): TextStream {
  const { file, vocabulary, specialTexts } = source;
  const bytes = new BytePieceDecoder();
  let isAtStart = true;

  /** Text of a piece; consumes the space before the text while at its start. */
  const surface = (id: number): string => {
    if (id === vocabulary.unknownId) return file.unknownSurface;
    let text = vocabulary.pieces[id]?.text ?? '';
    if (isAtStart && (file.addDummyPrefix || file.removeExtraWhitespaces) && text.startsWith(spaceSymbol)) {
      text = text.slice(1);
      // Where runs of spaces are made one, a text cannot begin with a space: the next piece may lose its own too.
      if (!file.removeExtraWhitespaces) isAtStart = false;
    }
    return text.replaceAll(spaceSymbol, ' ');
  };
  const seen = (text: string): string => {
    if (text !== '') isAtStart = false;
    return text;
  };

  return {
    push(id) {
      const byte = vocabulary.byteOfId.get(id);
      if (byte !== undefined) return seen(bytes.push(byte));
      const special = specialTexts.get(id);
      // A special token that is skipped leaves bytes on either side of it apart, as any other piece does.
      const before = seen(bytes.end());
      if (special !== undefined) return before + (skipSpecialTokens ? '' : seen(special));
      return before + seen(surface(id));
    },
    end() {
      const rest = bytes.end();
      isAtStart = true;
      return rest;
    },
  };
}
