import type { Inside, InsideAttention, InsideRecurrent } from '../protocol.js';

/** One output of the probe for one chunk. */
export interface ProbeOutput {
  /** Position of the chunk's first token. */
  readonly start: number;
  /** Tokens of the chunk that are no padding. */
  readonly length: number;
  /** `[T, rows]`, or `[T, heads, n]` of a map. */
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What the chunks gave, put together. */
export class InsideParts {
  readonly #from: number;
  readonly #count: number;
  readonly #recurrent = new Map<number, Writable<InsideRecurrent>>();
  readonly #attention = new Map<number, InsideAttention>();

  /** @param from the first token that is shown @param count how many are */
  constructor(from: number, count: number) {
    this.#from = from;
    this.#count = count;
  }

  /** @param name `layer.kept`, `layer.step`, `layer.gate` or `layer.map` */
  take(name: string, output: ProbeOutput): void {
    const [layer, part] = [Number(name.split('.')[0]), name.split('.')[1]];
    if (part === 'map') this.#takeMap(layer, output);
    else this.#takeRows(layer, part as 'kept' | 'step' | 'gate', output);
  }

  /** All of it. */
  whole(): Inside {
    return {
      from: this.#from,
      count: this.#count,
      recurrent: [...this.#recurrent.values()],
      attention: [...this.#attention.values()],
    };
  }

  #takeRows(
    layer: number,
    part: 'kept' | 'step' | 'gate',
    { start, length, shape, values }: ProbeOutput,
  ): void {
    const rows = shape[1]!;
    const empty = (): Float32Array => new Float32Array(this.#count * rows);
    const found = this.#recurrent.get(layer) ?? {
      layer,
      rows,
      kept: empty(),
      step: empty(),
      gate: undefined,
    };
    this.#recurrent.set(layer, found);
    const into = found[part] ?? empty();
    found[part] = into;
    const skipped = Math.max(0, this.#from - start);
    into.set(values.subarray(skipped * rows, length * rows), (start + skipped - this.#from) * rows);
  }

  #takeMap(layer: number, { start, length, shape, values }: ProbeOutput): void {
    const [, heads, shown] = shape as [number, number, number];
    const count = this.#count;
    const found = this.#attention.get(layer) ?? { layer, heads, map: new Uint8Array(heads * count * count) };
    this.#attention.set(layer, found);
    for (let at = Math.max(0, this.#from - start); at < length; at++) {
      const query = start + at - this.#from;
      for (let head = 0; head < heads; head++) {
        for (let key = 0; key <= query; key++) {
          const weight = values[(at * heads + head) * shown + key]!;
          found.map[(head * count + query) * count + key] = Math.round(255 * Math.sqrt(weight));
        }
      }
    }
  }
}
