/**
 * A set of texts that finds all its members beginning at a place in a text. It is a sorted list narrowed one UTF-16
 * unit at a time by binary search: as a trie, without its memory.
 */
export class SortedPieces {
  readonly #texts: readonly string[];
  readonly #ids: Int32Array;

  /** @param entries non-empty texts, all different, with their ids */
  constructor(entries: ReadonlyMap<string, number>) {
    this.#texts = [...entries.keys()].sort(); // by UTF-16 units, which narrowing relies on
    this.#ids = Int32Array.from(this.#texts, (text) => entries.get(text)!);
  }

  /** Calls `visit` with each member that begins at `start`, shortest first. `end` is exclusive. */
  matchesAt(text: string, start: number, visit: (id: number, end: number) => void): void {
    let low = 0;
    let high = this.#texts.length;
    for (let depth = 0; start + depth < text.length; depth++) {
      const unit = text.charCodeAt(start + depth);
      low = this.#firstAtLeast(unit, depth, low, high);
      high = this.#firstAtLeast(unit + 1, depth, low, high);
      if (low >= high) return;
      if (this.#texts[low]!.length === depth + 1) {
        visit(this.#ids[low]!, start + depth + 1);
        low += 1;
      }
    }
  }

  /** End of the longest member that begins at `start`; `start` itself if there is none. */
  longestAt(text: string, start: number): number {
    let longest = start;
    if (this.#texts.length > 0) {
      this.matchesAt(text, start, (_, end) => {
        longest = end;
      });
    }
    return longest;
  }

  #firstAtLeast(unit: number, depth: number, from: number, to: number): number {
    let low = from;
    let high = to;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#texts[middle]!.charCodeAt(depth) < unit) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
