import { joinBytes } from '../writing/join-bytes.js';
import type { SavedValue } from './saved-value.js';

/** Writes a pickle of protocol 2, value after value. */
export class PickleOutput {
  readonly #parts: Uint8Array[] = [Uint8Array.of(0x80, 2)];

  raw(...bytes: number[]): void {
    this.#parts.push(Uint8Array.from(bytes));
  }

  /** A name that the reader imports. */
  global(module: string, name: string): void {
    this.#parts.push(encode(`c${module}\n${name}\n`));
  }

  string(value: string): void {
    const bytes = encode(value);
    this.raw(0x58, ...little(bytes.length, 4));
    this.#parts.push(bytes);
  }

  /** @param value a safe integer */
  integer(value: number): void {
    if (value >= 0 && value < 256) this.raw(0x4b, value);
    else if (value >= -(2 ** 31) && value < 2 ** 31) this.raw(0x4a, ...little(value, 4));
    else this.raw(0x8a, 8, ...little(value, 8)); // LONG1
  }

  /** A tuple of what each item writes. */
  tuple(...items: (() => void)[]): void {
    this.raw(0x28);
    for (const item of items) item();
    this.raw(0x74);
  }

  /** An OrderedDict of nothing. */
  orderedDict(): void {
    this.global('collections', 'OrderedDict');
    this.raw(0x29, 0x52); // called with nothing
  }

  /** A number without a fraction becomes an `int`, another a `float`. */
  value(value: SavedValue): void {
    if (value === null) this.raw(0x4e);
    else if (typeof value === 'boolean') this.raw(value ? 0x88 : 0x89);
    else if (typeof value === 'string') this.string(value);
    else if (typeof value === 'object') this.#namespace(value);
    else if (Number.isSafeInteger(value)) this.integer(value);
    else this.#float(value);
  }

  /** The pickle, ended. */
  end(): Uint8Array {
    this.raw(0x2e);
    return joinBytes(this.#parts);
  }

  #namespace(attributes: Readonly<Record<string, SavedValue>>): void {
    this.global('argparse', 'Namespace');
    this.raw(0x29, 0x81, 0x7d, 0x28); // made of nothing; a dict of its attributes
    for (const [name, value] of Object.entries(attributes)) {
      this.string(name);
      this.value(value);
    }
    this.raw(0x75, 0x62); // the dict is its state
  }

  #float(value: number): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, value); // big-endian
    this.raw(0x47, ...bytes);
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Two's complement. */
function little(value: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => {
    const byte = Math.floor(value / 256 ** index) % 256;
    return byte < 0 ? byte + 256 : byte;
  });
}
