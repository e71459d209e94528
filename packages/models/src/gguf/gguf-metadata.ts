import { HybraError } from '@hybra/spec';
import type { GgufValue } from '@hybra/weights';
import { showValue } from '../parse/show-value.js';

/** Reads the metadata of a GGUF file; `{arch}` in keys stands for its architecture. */
export class GgufMetadata {
  readonly architecture: string;
  readonly #values: ReadonlyMap<string, GgufValue>;
  readonly #file: string;

  /** @throws E_FORMAT without an architecture */
  constructor(values: ReadonlyMap<string, GgufValue>, file: string) {
    this.#values = values;
    this.#file = file;
    this.architecture = this.text('general.architecture') ?? '';
    if (this.architecture === '') throw this.wrong('general.architecture', 'a name');
  }

  /** The value of a key as it is. */
  raw(key: string): GgufValue | undefined {
    return this.#values.get(key.replace('{arch}', this.architecture));
  }

  text(key: string): string | undefined {
    return this.#typed(key, 'text', (value) => (typeof value === 'string' ? value : undefined));
  }

  flag(key: string): boolean | undefined {
    return this.#typed(key, 'true or false', (value) => (typeof value === 'boolean' ? value : undefined));
  }

  number(key: string): number | undefined {
    return this.#typed(key, 'a number', (value) =>
      typeof value === 'number' && !Number.isNaN(value) ? value : undefined,
    );
  }

  /** @throws E_FORMAT unless it is there, an integer from 1 */
  size(key: string): number {
    const value = this.optionalSize(key);
    if (value === undefined) throw this.wrong(key, 'an integer from 1');
    return value;
  }

  /** @throws E_FORMAT unless it is an integer from 1, where it is there and not 0 */
  optionalSize(key: string): number | undefined {
    const value = this.number(key);
    if (value === undefined || value === 0) return undefined;
    if (!Number.isInteger(value) || value < 1) throw this.wrong(key, 'an integer from 1');
    return value;
  }

  /** A number for each layer: one for all, or a list. @throws E_FORMAT */
  perLayer(key: string, layers: number): readonly number[] {
    const value = this.raw(key);
    if (typeof value === 'number') return new Array<number>(layers).fill(value);
    const numbers = Array.isArray(value) ? (value as readonly GgufValue[]) : undefined;
    if (numbers?.length === layers && numbers.every((each) => typeof each === 'number')) {
      return numbers as readonly number[];
    }
    throw this.wrong(key, `a number, or ${layers} of them`);
  }

  /** A list of text. @throws E_FORMAT where it is something else */
  words(key: string): readonly string[] | undefined {
    return this.#list(key, 'string') as readonly string[] | undefined;
  }

  /** A list of numbers. @throws E_FORMAT where it is something else */
  numbers(key: string): readonly number[] | undefined {
    return this.#list(key, 'number') as readonly number[] | undefined;
  }

  /** A list of true and false. @throws E_FORMAT where it is something else */
  flags(key: string): readonly boolean[] | undefined {
    return this.#list(key, 'boolean') as readonly boolean[] | undefined;
  }

  /** `E_FORMAT` about a key. */
  wrong(key: string, expected: string): HybraError {
    const name = key.replace('{arch}', this.architecture);
    const value = this.raw(key);
    return new HybraError(
      'E_FORMAT',
      `${this.#file}: ${name} is ${value === undefined ? 'missing' : showValue(value)}, expected ${expected}.`,
      { key: name },
    );
  }

  #list(key: string, type: 'string' | 'number' | 'boolean'): readonly GgufValue[] | undefined {
    return this.#typed(key, `a list of ${type}s`, (value) => {
      const list = Array.isArray(value) ? (value as readonly GgufValue[]) : undefined;
      return list?.every((each) => typeof each === type) ? list : undefined;
    });
  }

  #typed<Value>(
    key: string,
    expected: string,
    check: (value: GgufValue) => Value | undefined,
  ): Value | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const checked = check(value);
    if (checked === undefined) throw this.wrong(key, expected);
    return checked;
  }
}
