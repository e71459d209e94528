import type { InsideAttention } from '../engine/protocol.js';

/** √weight of every pair, `[count, count]` by query and key, 0 … 1: of one head, or of the mean over all. */
export function weightRoots(
  { heads, map }: InsideAttention,
  count: number,
  head: number | undefined,
): Float32Array {
  const size = count * count;
  if (head !== undefined) {
    return Float32Array.from(map.subarray(head * size, (head + 1) * size), (stored) => stored / 255);
  }
  const sums = new Float32Array(size);
  for (const [at, stored] of map.entries()) sums[at % size]! += (stored / 255) ** 2;
  return sums.map((sum) => Math.sqrt(sum / heads));
}

/**
 * How strongly each pair is drawn, 0 … 1: relative to the largest weight of its query, or a long text would be pale
 * all over. The power keeps weights of a tenth in sight and sets them apart from the largest.
 */
export function shadesOf(roots: Float32Array, count: number): Float32Array {
  const shades = new Float32Array(roots.length);
  for (let query = 0; query < count; query++) {
    const row = roots.subarray(query * count, (query + 1) * count);
    const largest = row.reduce((most, root) => Math.max(most, root), 0);
    if (largest > 0)
      shades.set(
        row.map((root) => (root / largest) ** 1.5),
        query * count,
      );
  }
  return shades;
}

/** The keys that a query looks at most, at most `most` of them. */
export function strongest(
  roots: Float32Array,
  count: number,
  { query, most }: { readonly query: number; readonly most: number },
): readonly { readonly key: number; readonly weight: number }[] {
  return Array.from(roots.subarray(query * count, query * count + query + 1), (root, key) => ({
    key,
    weight: root ** 2,
  }))
    .filter(({ weight }) => weight >= 0.005)
    .sort((a, b) => b.weight - a.weight)
    .slice(0, most);
}
