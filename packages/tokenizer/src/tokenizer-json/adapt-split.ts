import { TokenizerError } from '../error.js';
import type { JsonObject } from '../json-value.js';
import { compiledPattern, type RegexPattern } from './split-pattern.js';

/** What becomes of the matches of a split. */
export type SplitBehavior = 'Removed' | 'Isolated' | 'Contiguous' | 'MergedWithPrevious' | 'MergedWithNext';

/** A split as a file describes it, checked. */
export interface SplitRule {
  readonly path: string;
  readonly pattern: RegexPattern;
  /** The text it matches, if it is no expression. */
  readonly literal: string | undefined;
  readonly behavior: SplitBehavior;
  /** Whether the gaps between matches count as the matches. */
  readonly isInverted: boolean;
}

/** Keeps exactly the matches. */
function keepMatches(pattern: RegexPattern): JsonObject {
  return { type: 'Split', pattern, behavior: 'Removed', invert: true };
}

/** Keeps matches and the gaps between them, each as a piece. */
function keepAll(pattern: RegexPattern): JsonObject {
  return { type: 'Split', pattern, behavior: 'Isolated', invert: false };
}

/**
 * A split in the form in which the library does what the file says. It knows three cases: keep the matches, drop
 * them, keep both. It takes `Contiguous` and the `Merged…` ones for the last, and with `invert` drops the gaps even
 * when they are to be isolated (0.2.0, preTokenizer/Split; to be dropped when it implements the behaviours of
 * huggingface/tokenizers, normalizer.rs, `SplitDelimiterBehavior`).
 * @throws E_CONFIG where there is no such form
 */
export function adaptSplit(rule: SplitRule): JsonObject {
  const { path, pattern, literal, behavior, isInverted } = rule;
  if (behavior === 'Isolated') return keepAll(pattern);
  if (behavior === 'Removed') {
    if (isInverted) return keepMatches(pattern);
    // Splitting by an expression with capturing groups would keep what they captured.
    const compiled = compiledPattern(path, pattern);
    const groups = new RegExp(`${compiled.source}|`, compiled.flags).exec('')!.length - 1;
    if (groups === 0) return { type: 'Split', pattern, behavior: 'Removed', invert: false };
  } else if (literal && !isInverted) {
    const one = `(?:${pattern.Regex})`;
    const gap = `(?:(?!${one})[\\s\\S])`;
    if (behavior === 'Contiguous') return keepAll({ Regex: `${one}+` });
    if (behavior === 'MergedWithPrevious') return keepMatches({ Regex: `${gap}*${one}|${gap}+` });
    if (behavior === 'MergedWithNext') return keepMatches({ Regex: `${one}${gap}*|${gap}+` });
  }
  throw new TokenizerError(
    'E_CONFIG',
    `${path}: splitting by this pattern with behavior ${behavior}${isInverted ? ', inverted,' : ''} is not supported.`,
    { path, behavior, isInverted },
  );
}
