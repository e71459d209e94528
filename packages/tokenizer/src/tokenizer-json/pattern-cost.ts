import { TokenizerError } from '../error.js';

/** How a part of a regular expression can backtrack. */
interface Cost {
  /** Repeats of unbounded length: the time grows as this power of the text. */
  readonly degree: number;
  /** Base-2 logarithm of the number of ways through its choices. */
  readonly choices: number;
  /** Whether it can match in one way only, so that repeating it adds no ways. */
  readonly isRigid: boolean;
  /** Atoms after unrolling counted repeats. */
  readonly size: number;
}

/** `degree` counts four times. The split patterns of Llama 3, Qwen, DeepSeek and GPT-4o come to 12 at most. */
const highestCost = 13;
const largestSize = 20_000;
const longestPattern = 16_384;
const deepestNesting = 64;

const atom: Cost = { degree: 0, choices: 0, isRigid: true, size: 1 };
function refuse(problem: string): TokenizerError {
  return new TokenizerError('E_CONFIG', `tokenizer.json: a regular expression ${problem}.`, { problem });
}

function inSequence(parts: readonly Cost[]): Cost {
  return {
    degree: parts.reduce((sum, part) => sum + part.degree, 0),
    choices: parts.reduce((sum, part) => sum + part.choices, 0),
    isRigid: parts.every((part) => part.isRigid),
    size: parts.reduce((sum, part) => sum + part.size, 0),
  };
}

function asAlternatives(branches: readonly Cost[]): Cost {
  if (branches.length === 1) return branches[0]!;
  return {
    degree: Math.max(...branches.map((branch) => branch.degree)),
    choices: Math.log2(branches.reduce((sum, branch) => sum + 2 ** branch.choices, 0)),
    isRigid: false,
    size: branches.reduce((sum, branch) => sum + branch.size, 0),
  };
}

function repeated(body: Cost, low: number, high: number): Cost {
  const size = body.size * Math.max(1, Number.isFinite(high) ? high : low + 1);
  if (low === high && (body.isRigid || high <= 1)) return { ...body, size };
  if (high <= 1) return { ...body, choices: Math.log2(1 + 2 ** body.choices), isRigid: false, size };
  if (!body.isRigid) throw refuse('repeats what itself repeats or chooses, which can take for ever');
  const isLong = high - low > 16;
  return {
    degree: body.degree + (isLong ? 1 : 0),
    choices: body.choices + (isLong ? 0 : Math.log2(high - low + 1)),
    isRigid: false,
    size,
  };
}

/** Reads a pattern front to back. */
class PatternReader {
  readonly #escape = /\\(?:[pP]\{[^}]*\}|u\{[^}]*\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|c[A-Za-z]|[\s\S])/y;
  readonly #characterClass = /\[(?:\\[\s\S]|[^\]\\])*\]/y;
  readonly #quantifier = /(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/y;
  readonly #groupOpening = /\((?:\?(?:[:=!]|<[=!]|<[A-Za-z_$][\w$]*>))?/y;
  readonly #source: string;
  #index = 0;

  constructor(source: string) {
    this.#source = source;
  }

  alternatives(depth: number): Cost[] {
    if (depth > deepestNesting) throw refuse('is nested too deeply');
    const branches: Cost[] = [];
    for (;;) {
      branches.push(this.#sequence(depth));
      if (!this.#takes('|')) return branches;
    }
  }

  get isAtEnd(): boolean {
    return this.#index === this.#source.length;
  }

  #sequence(depth: number): Cost {
    const parts: Cost[] = [];
    while (!this.isAtEnd && !'|)'.includes(this.#source[this.#index]!)) {
      const body = this.#term(depth);
      const found = this.#match(this.#quantifier);
      parts.push(found === null ? body : repeated(body, ...boundsOf(found)));
    }
    return inSequence(parts);
  }

  #term(depth: number): Cost {
    const opening = this.#match(this.#groupOpening);
    if (opening !== null) {
      const body = asAlternatives(this.alternatives(depth + 1));
      if (!this.#takes(')')) throw refuse('has a group that does not end');
      // Once an assertion holds, it is not tried again in another way: it costs, but it is rigid.
      return /^\(\?<?[=!]/.test(opening[0]) ? { ...body, isRigid: true } : body;
    }
    const escaped = this.#match(this.#escape);
    if (escaped !== null) {
      if (/^\\[1-9k]/.test(escaped[0])) throw refuse('refers back to a group');
      return atom;
    }
    if (this.#match(this.#characterClass) !== null) return atom;
    this.#index += this.#source.codePointAt(this.#index)! > 0xffff ? 2 : 1;
    return atom;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#index;
    const found = pattern.exec(this.#source);
    if (found !== null) this.#index = pattern.lastIndex;
    return found;
  }

  #takes(character: string): boolean {
    if (this.#source[this.#index] !== character) return false;
    this.#index += 1;
    return true;
  }
}

function boundsOf(found: RegExpExecArray): [low: number, high: number] {
  const [text, low, comma, high] = found;
  if (text.startsWith('*')) return [0, Number.POSITIVE_INFINITY];
  if (text.startsWith('+')) return [1, Number.POSITIVE_INFINITY];
  if (text.startsWith('?')) return [0, 1];
  const from = Number(low);
  return [from, comma === '' ? from : high === '' ? Number.POSITIVE_INFINITY : Number(high)];
}

/**
 * Refuses regular expressions that can take exponential time or a high power of the text's length: JavaScript's
 * engine backtracks, and a file's pattern cannot be stopped once it runs. Takes the source as JavaScript will run it
 * (flag `u`). An upper bound, not the exact cost: it asks only how repeats and choices are nested and lined up.
 * @throws E_CONFIG
 */
export function checkPatternCost(source: string): void {
  if (source.length > longestPattern) throw refuse(`is longer than ${longestPattern} characters`);
  const reader = new PatternReader(source);
  const branches = reader.alternatives(0);
  if (!reader.isAtEnd) throw refuse('has an unmatched parenthesis');
  for (const { degree, choices, size } of branches) {
    if (4 * degree + choices > highestCost) throw refuse('lines up too many repeats or choices');
    if (size > largestSize) throw refuse('counts too far');
  }
}
