/** Two neighbouring symbols that may merge. */
export interface SymbolPair {
  readonly left: number;
  readonly right: number;
  readonly score: number;
  /** UTF-16 units of both together when the pair was found; tells a pair whose symbols have changed since. */
  readonly length: number;
}

/** Whether `a` merges before `b`: the higher score, then the one further left. */
function precedes(a: SymbolPair, b: SymbolPair): boolean {
  return a.score > b.score || (a.score === b.score && a.left < b.left);
}

/** A binary heap of pairs, the first to merge on top. */
export class PairQueue {
  readonly #heap: SymbolPair[] = [];

  push(pair: SymbolPair): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(pair);
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!precedes(pair, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = pair;
  }

  pop(): SymbolPair | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (heap.length === 0 || last === undefined) return top;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && precedes(heap[child + 1]!, heap[child]!)) child += 1;
      if (!precedes(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return top;
  }
}
