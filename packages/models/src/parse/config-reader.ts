import type { HybraError } from '@hybra/spec';
import { commonKeys } from './common-keys.js';
import { configError } from './config-error.js';
import { nearestNames } from './nearest-names.js';
import { readNumber } from './read-number.js';
import { showValue } from './show-value.js';

/** Bounds of a number, both included. */
export interface Bounds {
  readonly low: number;
  readonly high: number;
}

/**
 * Reads a model's `config.json` strictly: each key is asked for once, with its type and bounds, and a key that
 * nobody asked for is an error. A key may have several spellings; those that are present must agree. `null`
 * counts as absent.
 */
export class ConfigReader {
  readonly family: string;
  readonly #json: Readonly<Record<string, unknown>>;
  readonly #known: Set<string>;

  /**
   * @param json the parsed file
   * @param known keys that are accepted without being asked for
   * @throws E_CONFIG if it is no object
   */
  constructor(family: string, json: unknown, known: readonly string[] = commonKeys) {
    this.family = family;
    this.#known = new Set(known);
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw configError(family, `is ${showValue(json)}, expected an object.`);
    }
    this.#json = json as Readonly<Record<string, unknown>>;
  }

  /** An error about this configuration. */
  error(message: string, details?: Readonly<Record<string, unknown>>): HybraError {
    return configError(this.family, message, details);
  }

  /** An integer within bounds; required unless there is a fallback. */
  integer(keys: string | readonly string[], bounds: Bounds, fallback?: number): number {
    const expected = `an integer from ${bounds.low} to ${bounds.high}`;
    return this.#required(keys, expected, fallback, (value) =>
      typeof value === 'number' && Number.isInteger(value) && isWithin(value, bounds) ? value : undefined,
    );
  }

  /** An integer within bounds, or `undefined` where the key is absent or null. */
  optionalInteger(keys: string | readonly string[], bounds: Bounds): number | undefined {
    return this.isPresent(keys) ? this.integer(keys, bounds) : this.#absent(keys);
  }

  /** A finite number within bounds. */
  number(keys: string | readonly string[], bounds: Bounds, fallback?: number): number {
    return this.#required(keys, `a number from ${bounds.low} to ${bounds.high}`, fallback, (value) => {
      const number = readNumber(value);
      return number !== undefined && Number.isFinite(number) && isWithin(number, bounds) ? number : undefined;
    });
  }

  /** `true` or `false`. */
  boolean(keys: string | readonly string[], fallback: boolean): boolean {
    return this.#required(keys, 'true or false', fallback, (value) =>
      typeof value === 'boolean' ? value : undefined,
    );
  }

  /** One of the keys of a table; its entry is the answer. */
  choice<Value>(
    keys: string | readonly string[],
    table: Readonly<Record<string, Value>>,
    fallback: string,
  ): Value {
    const expected = `one of ${Object.keys(table).join(', ')}`;
    const name = this.#required(keys, expected, fallback, (value) =>
      typeof value === 'string' && Object.hasOwn(table, value) ? value : undefined,
    );
    return table[name]!;
  }

  /** Whatever `parse` makes of the value, `undefined` where the key is absent. `parse` gives `undefined` for a misfit. */
  optional<Value>(
    keys: string | readonly string[],
    expected: string,
    parse: (value: unknown) => Value | undefined,
  ): Value | undefined {
    return this.isPresent(keys) ? this.#required(keys, expected, undefined, parse) : this.#absent(keys);
  }

  /** Whether one of the spellings is there and not null. Does not count as asking for it. */
  isPresent(keys: string | readonly string[]): boolean {
    return spellings(keys).some((key) => this.#raw(key) !== undefined);
  }

  /** Whether a key is there and `null`, where that is not the same as its absence. */
  isNull(key: string): boolean {
    return Object.hasOwn(this.#json, key) && this.#json[key] === null;
  }

  /** A list of integers within bounds, `undefined` where the key is absent or null. */
  optionalIntegers(
    keys: string | readonly string[],
    bounds: Bounds,
    longest: number,
  ): readonly number[] | undefined {
    const expected = `a list of up to ${longest} integers from ${bounds.low} to ${bounds.high}`;
    return this.optional(keys, expected, (value) => {
      const isList = Array.isArray(value) && value.length <= longest;
      return isList && value.every((item) => Number.isInteger(item) && isWithin(item, bounds))
        ? (value as number[])
        : undefined;
    });
  }

  /** Exactly `count` finite numbers within bounds. */
  numbers(key: string, bounds: Bounds, fallback: readonly number[]): readonly number[] {
    const expected = `${fallback.length} numbers from ${bounds.low} to ${bounds.high}`;
    const read = this.optional(key, expected, (value) => {
      if (!Array.isArray(value) || value.length !== fallback.length) return undefined;
      const numbers = value.map(readNumber);
      return numbers.every((number) => number !== undefined && isWithin(number, bounds))
        ? (numbers as number[])
        : undefined;
    });
    return read ?? fallback;
  }

  /** Accepts keys that say nothing about inference. */
  ignore(keys: readonly string[]): void {
    for (const key of keys) this.#known.add(key);
  }

  /** Accepts a key only if it is absent, null or one of `values`. */
  only(key: string, values: readonly unknown[], reason: string): void {
    this.#known.add(key);
    const value = this.#raw(key);
    if (value === undefined || values.includes(value)) return;
    throw this.error(`${key} is ${showValue(value)}: ${reason}.`, { key });
  }

  /** @throws E_CONFIG that names the keys nobody asked for, and the known names nearest to them */
  finish(): void {
    const unknown = Object.keys(this.#json).filter((key) => !this.#known.has(key));
    if (unknown.length === 0) return;
    const described = unknown.slice(0, 5).map((key) => {
      const near = nearestNames(key, this.#known);
      return `${showValue(key)}${near.length > 0 ? ` (nearest known: ${near.join(', ')})` : ''}`;
    });
    const more = unknown.length > 5 ? ` and ${unknown.length - 5} more` : '';
    throw this.error(
      `unknown key${unknown.length > 1 ? 's' : ''} ${described.join('; ')}${more}. Remove what does not belong; what this family needs and hybra does not know is not supported yet.`,
      { keys: unknown.slice(0, 5) },
    );
  }

  #raw(key: string): unknown {
    const value = Object.hasOwn(this.#json, key) ? this.#json[key] : undefined;
    return value === null ? undefined : value;
  }

  #absent(keys: string | readonly string[]): undefined {
    this.ignore(spellings(keys));
  }

  #required<Value>(
    keys: string | readonly string[],
    expected: string,
    fallback: Value | undefined,
    parse: (value: unknown) => Value | undefined,
  ): Value {
    let found: { readonly key: string; readonly value: Value } | undefined;
    for (const key of spellings(keys)) {
      this.#known.add(key);
      const raw = this.#raw(key);
      if (raw === undefined) continue;
      const value = parse(raw);
      if (value === undefined)
        throw this.error(`${key} is ${showValue(raw)}, expected ${expected}.`, { key });
      if (found && JSON.stringify(found.value) !== JSON.stringify(value)) {
        throw this.error(
          `${found.key} and ${key} mean the same and differ: ${showValue(this.#raw(found.key))} and ${showValue(raw)}. Keep one.`,
          { keys: [found.key, key] },
        );
      }
      found ??= { key, value };
    }
    if (found) return found.value;
    if (fallback !== undefined) return fallback;
    throw this.error(`${spellings(keys)[0]} is missing, expected ${expected}.`, { key: spellings(keys)[0] });
  }
}

function spellings(keys: string | readonly string[]): readonly string[] {
  return typeof keys === 'string' ? [keys] : keys;
}

function isWithin(value: number, bounds: Bounds): boolean {
  return value >= bounds.low && value <= bounds.high;
}
