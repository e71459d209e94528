/** Writes pickles of protocol 2, as torch.save does; only what tests need. */
export class PickleWriter {
  readonly #bytes: number[] = [0x80, 2];

  /** `module name` */
  global(module: string, name: string): this {
    return this.#text('c', `${module}\n${name}\n`);
  }

  string(value: string): this {
    const bytes = new TextEncoder().encode(value);
    return this.raw(0x58, ...u32(bytes.length), ...bytes);
  }

  integer(value: number): this {
    if (value >= 0 && value < 256) return this.raw(0x4b, value);
    return this.raw(0x4a, ...u32(value));
  }

  boolean(value: boolean): this {
    return this.raw(value ? 0x88 : 0x89);
  }

  none(): this {
    return this.raw(0x4e);
  }

  /** A tuple of what `items` writes. */
  tuple(items: () => void): this {
    this.raw(0x28);
    items();
    return this.raw(0x74);
  }

  integers(values: readonly number[]): this {
    return this.tuple(() => {
      for (const value of values) this.integer(value);
    });
  }

  /** A dict: `items` writes keys and values in turn. */
  dict(items: () => void): this {
    this.raw(0x7d, 0x28);
    items();
    return this.raw(0x75);
  }

  /** Calls what lies below the tuple on the stack. */
  reduce(): this {
    return this.raw(0x52);
  }

  raw(...bytes: number[]): this {
    this.#bytes.push(...bytes);
    return this;
  }

  end(): Uint8Array {
    return Uint8Array.from([...this.#bytes, 0x2e]);
  }

  #text(code: string, text: string): this {
    return this.raw(code.charCodeAt(0), ...new TextEncoder().encode(text));
  }
}

function u32(value: number): number[] {
  return [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, (value >>> 24) & 255];
}
