/**
 * Philox 4×32-10, a counter-based random number generator (Salmon, Moraes, Dror, Shaw: Parallel Random
 * Numbers: As Easy as 1, 2, 3. SC 2011, §3.3): ten rounds of two 32×32 → 64 bit products.
 */
const multiplier0 = 0xd251_1f53;
const multiplier1 = 0xcd9e_8d57;
const weyl0 = 0x9e37_79b9;
const weyl1 = 0xbb67_ae85;
const rounds = 10;

/**
 * Writes the four words of one block into `block`.
 * @param counter four words, from the least significant on
 */
export function philox(
  key0: number,
  key1: number,
  counter: readonly [number, number, number, number],
  block: Uint32Array,
): void {
  let [c0, c1, c2, c3] = counter;
  let k0 = key0;
  let k1 = key1;
  for (let round = 0; round < rounds; round++) {
    const high0 = highProduct(multiplier0, c0);
    const low0 = Math.imul(multiplier0, c0);
    const high1 = highProduct(multiplier1, c2);
    const low1 = Math.imul(multiplier1, c2);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + weyl0) | 0;
    k1 = (k1 + weyl1) | 0;
  }
  block[0] = c0;
  block[1] = c1;
  block[2] = c2;
  block[3] = c3;
}

/** The high 32 bits of the 64-bit product of two unsigned words, by 16-bit halves. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (middle % 0x1_0000) + aLow * bHigh;
  return aHigh * bHigh + Math.floor(middle / 0x1_0000) + Math.floor(carry / 0x1_0000);
}

/** A float strictly between 0 and 1 from a random word: ((bits ≫ 9) + ½) · 2⁻²³. Exact in float32. */
export function unitFloat(word: number): number {
  return ((word >>> 9) + 0.5) * 2 ** -23;
}
