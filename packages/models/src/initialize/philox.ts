/*
 * Philox 4×32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): the generator of the op
 * `random`, here on the host.
 */
const multiplierA = 0xd2511f53;
const multiplierC = 0xcd9e8d57;
const weylFirst = 0x9e3779b9;
const weylSecond = 0xbb67ae85;
const rounds = 10;

/**
 * One block of four random words.
 * @param counter four u32
 * @param key two u32
 * @param words where they go: four u32
 */
export function philox(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
  words: Uint32Array,
): void {
  let [a, b, c, d] = counter;
  let [first, second] = key;
  for (let round = 0; round < rounds; round++) {
    const highA = multiplyHigh(multiplierA, a);
    const highC = multiplyHigh(multiplierC, c);
    const lowA = Math.imul(multiplierA, a);
    const lowC = Math.imul(multiplierC, c);
    a = (highC ^ b ^ first) >>> 0;
    b = lowC >>> 0;
    c = (highA ^ d ^ second) >>> 0;
    d = lowA >>> 0;
    first = (first + weylFirst) >>> 0;
    second = (second + weylSecond) >>> 0;
  }
  words[0] = a;
  words[1] = b;
  words[2] = c;
  words[3] = d;
}

/** The upper 32 bits of a product of two u32, by halves whose products doubles hold exactly. */
function multiplyHigh(x: number, y: number): number {
  const xHigh = x >>> 16;
  const xLow = x & 0xffff;
  const yHigh = y >>> 16;
  const yLow = y & 0xffff;
  const middle = xHigh * yLow + ((xLow * yLow) >>> 16);
  const carry = xLow * yHigh + (middle % 0x10000);
  return (xHigh * yHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}
