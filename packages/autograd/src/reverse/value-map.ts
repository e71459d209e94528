import type { CallNode, Value } from '@hybra/tensor';

/**
 * A map keyed by what a value is: the output `index` of a call is one value, however many objects stand for it.
 */
export class ValueMap<T> {
  readonly #outputs = new Map<CallNode, (T | undefined)[]>();
  readonly #others = new Map<Value, T>();

  get(value: Value): T | undefined {
    if (value.kind === 'call') return this.#outputs.get(value.node)?.[value.index];
    return this.#others.get(value);
  }

  has(value: Value): boolean {
    return this.get(value) !== undefined;
  }

  set(value: Value, entry: T): void {
    if (value.kind !== 'call') {
      this.#others.set(value, entry);
      return;
    }
    const entries = this.#outputs.get(value.node) ?? [];
    entries[value.index] = entry;
    this.#outputs.set(value.node, entries);
  }
}
