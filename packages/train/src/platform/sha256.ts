/*
 * SHA-256 (FIPS 180-4, §5.1.1 and §6.2.2), without waiting: fingerprints of data are needed where tokens come from,
 * and `crypto.subtle` answers only later. About 100 MB/s; for files use `sha256OfSource` of @hybra/weights.
 *
 * K  round constants: the first 32 bits of the fractional parts of the cube roots of the first 64 primes
 * H  the hash so far; begins with those of the square roots of the first 8 primes
 * W  the message schedule of one block of 64 bytes
 */

const blockBytes = 64;
const primes = firstPrimes(64);
const K = Uint32Array.from(primes, (prime) => fraction(Math.cbrt(prime)));
const initial = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

/** SHA-256 of bytes as 64 lower-case hexadecimal digits. */
export function sha256(bytes: Uint8Array): string {
  const H = Uint32Array.from(initial);
  const whole = bytes.length - (bytes.length % blockBytes);
  for (let at = 0; at < whole; at += blockBytes) addBlock(H, bytes, at);
  const rest = bytes.subarray(whole);
  const tail = new Uint8Array(rest.length + 9 <= blockBytes ? blockBytes : 2 * blockBytes);
  tail.set(rest);
  tail[rest.length] = 0x80;
  new DataView(tail.buffer).setBigUint64(tail.length - 8, BigInt(bytes.length) * 8n);
  for (let at = 0; at < tail.length; at += blockBytes) addBlock(H, tail, at);
  return Array.from(H, (word) => word.toString(16).padStart(8, '0')).join('');
}

function addBlock(H: Uint32Array, bytes: Uint8Array, offset: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, blockBytes);
  const W = new Int32Array(64);
  for (let t = 0; t < 16; t++) W[t] = view.getInt32(4 * t);
  for (let t = 16; t < 64; t++) {
    const [early, late] = [W[t - 15]!, W[t - 2]!];
    const s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    W[t] = W[t - 16]! + s0 + W[t - 7]! + s1;
  }
  let [a, b, c, d, e, f, g, h] = H as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let t = 0; t < 64; t++) {
    const S1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const T1 = (h + S1 + ((e & f) ^ (~e & g)) + K[t]! + W[t]!) | 0;
    const S0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const T2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + T1) | 0, c, b, a, (T1 + T2) | 0];
  }
  for (const [index, word] of [a, b, c, d, e, f, g, h].entries()) H[index]! += word;
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function fraction(root: number): number {
  return Math.floor((root - Math.floor(root)) * 2 ** 32);
}

function firstPrimes(count: number): number[] {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate++) {
    if (found.every((prime) => candidate % prime !== 0)) found.push(candidate);
  }
  return found;
}
