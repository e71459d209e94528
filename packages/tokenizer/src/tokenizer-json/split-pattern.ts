import { SplitPreTokenizer } from '@huggingface/tokenizers';
import { TokenizerError } from '../error.js';
import { objectAt, stringAt } from '../json-value.js';
import { typedFailure } from '../typed-failure.js';
import { checkPatternCost } from './pattern-cost.js';

/** Longest pattern of a file, before it is translated. */
const longestPattern = 8192;

/** A pattern in Oniguruma's syntax, as the library takes it, checked. */
export interface RegexPattern {
  readonly Regex: string;
}

/** A pattern that matches exactly `text`. */
export function literalPattern(text: string): RegexPattern {
  return { Regex: text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') };
}

/** Whether the file's pattern is a text rather than an expression; that text. */
export function literalOf(path: string, pattern: unknown): string | undefined {
  const { String: text } = objectAt(path, pattern);
  return text === undefined ? undefined : stringAt(`${path}.String`, text, longestPattern);
}

/** The library's translation of a pattern, checked for what it may cost. @throws E_FORMAT, E_CONFIG */
export function compiledPattern(path: string, pattern: RegexPattern): RegExp {
  const compiled = typedFailure(
    path,
    () => new SplitPreTokenizer({ type: 'Split', pattern, behavior: 'Isolated', invert: true }).pattern,
  );
  if (compiled === null) throw new TokenizerError('E_FORMAT', `${path}: no regular expression.`, { path });
  checkPatternCost(compiled.source);
  return compiled;
}

/**
 * The pattern of a component as a checked regular expression. A literal becomes one too: given as a literal, the
 * library makes it a capturing group, and then keeps separators that are to be removed (0.2.0, `create_pattern`;
 * to be dropped when it splits without capturing).
 */
export function patternAt(path: string, pattern: unknown): RegexPattern {
  const literal = literalOf(path, pattern);
  const checked =
    literal === undefined
      ? { Regex: stringAt(`${path}.Regex`, objectAt(path, pattern).Regex, longestPattern) }
      : literalPattern(literal);
  compiledPattern(path, checked);
  return checked;
}
