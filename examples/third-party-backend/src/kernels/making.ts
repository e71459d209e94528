import type { Run } from './kernel.js';

export const fill: Run = (_, [y], { value }) => {
  for (let index = 0; index < y!.count; index++) y!.set(index, value as number);
};

export const iota: Run = (_, [y], { axis }) => {
  const inner = y!.extent((axis as number) + 1);
  const length = y!.shape[axis as number]!;
  for (let index = 0; index < y!.count; index++) y!.set(index, Math.floor(index / inner) % length);
};

/** Upper 32 bits of the product of two unsigned 32-bit integers. */
function multiplyHigh(a: number, b: number): number {
  return Number((BigInt(a >>> 0) * BigInt(b >>> 0)) >> 32n);
}

/** Philox 4×32-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011). */
function philox(key: readonly [number, number], counter: readonly number[]): number[] {
  let [k0, k1] = key;
  let [c0, c1, c2, c3] = counter as [number, number, number, number];
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(0xd2511f53, c0);
    const high1 = multiplyHigh(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [
      (high1 ^ c1 ^ k0) >>> 0,
      Math.imul(0xcd9e8d57, c2) >>> 0,
      (high0 ^ c3 ^ k1) >>> 0,
      Math.imul(0xd2511f53, c0) >>> 0,
    ];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

export const random: Run = ([stream], [y]) => {
  const count = y!.shape[1]!;
  for (let row = 0; row < y!.shape[0]!; row++) {
    const [seedLow, seedHigh, sequence, position, purpose] = [0, 1, 2, 3, 4].map((at) =>
      stream!.get(row * 5 + at),
    ) as [number, number, number, number, number];
    for (let at = 0; at < count; at++) {
      const bits = philox([seedLow, seedHigh], [at >>> 2, position, sequence, purpose])[at % 4]!;
      y!.set(row * count + at, y!.dtype === 'f32' ? ((bits >>> 9) + 0.5) * 2 ** -23 : bits);
    }
  }
};
