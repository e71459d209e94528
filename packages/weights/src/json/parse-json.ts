import { HybraError } from '@hybra/spec';
import type { JsonOptions } from './json-options.js';

/**
 * Reads JSON from a file that nobody vouches for. Against `JSON.parse`:
 * - a key that an object repeats is an error, where JSON.parse silently takes the last (two readers that choose
 *   differently would see two different files);
 * - nesting is bounded, so that no file overflows the stack;
 * - Python's `Infinity`, `-Infinity` and `NaN` are read where `allowNonFinite` says so;
 * - messages give positions, never content.
 *
 * As with JSON.parse, a key `__proto__` becomes an ordinary property and touches no prototype.
 * @throws E_FORMAT
 */
export function parseJson(text: string, options: JsonOptions): unknown {
  return new JsonReader(text, options).readDocument();
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

class JsonReader {
  private position = 0;
  private depth = 0;
  private readonly number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

  constructor(
    private readonly text: string,
    private readonly options: JsonOptions,
  ) {}

  readDocument(): unknown {
    const value = this.readValue();
    this.peek();
    if (this.position < this.text.length) this.fail('the end of the text');
    return value;
  }

  /** The next character that is not white space; NaN at the end, which equals nothing. */
  private peek(): number {
    for (;;) {
      const code = this.text.charCodeAt(this.position);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code;
      this.position++;
    }
  }

  private readValue(): unknown {
    const code = this.peek();
    if (code === quote) return this.readString();
    if (code === openBrace) return this.nested(() => this.readObject());
    if (code === openBracket) return this.nested(() => this.readArray());
    if (this.takeWord('true')) return true;
    if (this.takeWord('false')) return false;
    if (this.takeWord('null')) return null;
    if (this.options.allowNonFinite) {
      if (this.takeWord('Infinity')) return Number.POSITIVE_INFINITY;
      if (this.takeWord('-Infinity')) return Number.NEGATIVE_INFINITY;
      if (this.takeWord('NaN')) return Number.NaN;
    }
    return this.readNumber();
  }

  private nested<T>(read: () => T): T {
    if (++this.depth > this.options.maximumDepth) {
      this.fail(`at most ${this.options.maximumDepth} levels of nesting`);
    }
    this.position++;
    const value = read();
    this.depth--;
    return value;
  }

  private readObject(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    if (this.take(closeBrace)) return object;
    do {
      if (this.peek() !== quote) this.fail('a key in double quotes');
      const key = this.readString();
      if (Object.hasOwn(object, key)) this.fail('each key of an object once; this one repeats');
      if (!this.take(colon)) this.fail('a colon');
      const value = this.readValue();
      if (key === '__proto__') {
        const attributes = { value, writable: true, enumerable: true, configurable: true };
        Object.defineProperty(object, key, attributes);
      } else {
        object[key] = value;
      }
    } while (this.take(comma));
    if (!this.take(closeBrace)) this.fail('a comma or }');
    return object;
  }

  private readArray(): unknown[] {
    const array: unknown[] = [];
    if (this.take(closeBracket)) return array;
    do array.push(this.readValue());
    while (this.take(comma));
    if (!this.take(closeBracket)) this.fail('a comma or ]');
    return array;
  }

  private readString(): string {
    const { text } = this;
    const start = this.position + 1;
    let end = start;
    let hasEscapes = false;
    for (let code = text.charCodeAt(end); code !== quote; code = text.charCodeAt(end)) {
      // NaN, the end of the text, fails here as well.
      if (!(code >= 0x20)) {
        this.position = end;
        this.fail('a string without control characters that ends in a double quote');
      }
      if (code === backslash) {
        hasEscapes = true;
        end++;
      }
      end++;
    }
    this.position = end + 1;
    return hasEscapes ? this.unescape(start, end) : text.slice(start, end);
  }

  private unescape(start: number, end: number): string {
    try {
      return JSON.parse(this.text.slice(start - 1, end + 1)) as string;
    } catch {
      this.position = start;
      return this.fail('a string with valid escapes');
    }
  }

  private readNumber(): number {
    this.number.lastIndex = this.position;
    const match = this.number.exec(this.text);
    if (!match) return this.fail('a value');
    this.position += match[0].length;
    return Number(match[0]);
  }

  private take(wanted: number): boolean {
    if (this.peek() !== wanted) return false;
    this.position++;
    return true;
  }

  private takeWord(word: string): boolean {
    if (!this.text.startsWith(word, this.position)) return false;
    this.position += word.length;
    return true;
  }

  private fail(expected: string): never {
    const { what } = this.options;
    throw new HybraError(
      'E_FORMAT',
      `${what}: not valid JSON at character ${this.position} of ${this.text.length}. Expected ${expected}.`,
      { what, position: this.position },
    );
  }
}
