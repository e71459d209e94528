import { CharsMap } from './chars-map.js';
import type { ModelFile } from './model-file.js';
import type { SortedPieces } from './sorted-pieces.js';

/** What stands for a space inside pieces: U+2581. */
export const spaceSymbol = '\u2581';

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** Splits a text into what the rules make of it, front to back (normalizer.cc, `NormalizePrefix`). */
function* normalizedParts(
  text: string,
  userDefined: SortedPieces,
  charsMap: CharsMap | undefined,
): Generator<string> {
  const bytes = charsMap === undefined ? undefined : new TextEncoder().encode(text);
  let byteOffset = 0;
  let index = 0;
  /** Moves past characters until `byteLength` bytes are used; false if that is no whole number of them. */
  const advance = (byteLength: number): boolean => {
    let next = index;
    let used = 0;
    while (used < byteLength && next < text.length) {
      const codePoint = text.codePointAt(next)!;
      used += utf8Length(codePoint);
      next += codePoint > 0xffff ? 2 : 1;
    }
    if (used !== byteLength) return false;
    index = next;
    byteOffset += used;
    return true;
  };
  while (index < text.length) {
    const start = index;
    const end = userDefined.longestAt(text, index);
    if (end > index) {
      for (const character of text.slice(start, end)) byteOffset += utf8Length(character.codePointAt(0)!);
      index = end;
      yield text.slice(start, end);
      continue;
    }
    const rule = bytes && charsMap?.match(bytes, byteOffset);
    if (rule !== undefined && advance(rule.byteLength)) {
      yield rule.replacement;
      continue;
    }
    const codePoint = text.codePointAt(index)!;
    index += codePoint > 0xffff ? 2 : 1;
    byteOffset += utf8Length(codePoint);
    yield text.slice(start, index);
  }
}

/**
 * The function that brings a text into the form that pieces are matched against (normalizer.cc, `Normalize`):
 * rules, one space before (or after) the text, runs of spaces made one, spaces written as U+2581; each as the model
 * says.
 * @throws E_FORMAT if the rules are malformed
 */
export function createNormalizer(file: ModelFile, userDefined: SortedPieces): (text: string) => string {
  const charsMap = file.charsMap.length === 0 ? undefined : new CharsMap(file.charsMap);
  const space = file.escapeWhitespaces ? spaceSymbol : ' ';
  return (text) => {
    const output: string[] = [];
    let isAtStart = true;
    let followsSpace = file.removeExtraWhitespaces;
    for (const part of normalizedParts(text, userDefined, charsMap)) {
      if (isAtStart) {
        if (file.removeExtraWhitespaces && part === ' ') continue;
        isAtStart = false;
        if (file.addDummyPrefix && !file.whitespaceAsSuffix) output.push(space);
      }
      const kept = followsSpace ? part.replace(/^ +/, '') : part;
      if (kept !== '') {
        output.push(file.escapeWhitespaces ? kept.replaceAll(' ', spaceSymbol) : kept);
        followsSpace = kept.endsWith(' ');
      }
      if (!file.removeExtraWhitespaces) followsSpace = false;
    }
    if (isAtStart) return '';
    let normalized = output.join('');
    if (file.removeExtraWhitespaces) {
      let end = normalized.length;
      while (end > 0 && normalized[end - 1] === space) end -= 1;
      normalized = normalized.slice(0, end);
    }
    return file.addDummyPrefix && file.whitespaceAsSuffix ? normalized + space : normalized;
  };
}
