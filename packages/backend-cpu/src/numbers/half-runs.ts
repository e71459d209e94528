/**
 * Runs of binary16 and bfloat16 to and from the bits of binary32. `words` is a `Uint32Array` over the bytes
 * of the `Float32Array` meant. Encoding rounds to nearest, ties to even; NaN stays NaN (made quiet).
 */
export interface HalfRuns {
  /** `words[to + i] = float32 bits of source[from + i]`. Exact. */
  readonly decode: (source: Uint16Array, from: number, words: Uint32Array, to: number, count: number) => void;
  /** `target[to + i] = half bits of words[from + i]`. Rounds once. */
  readonly encode: (words: Uint32Array, from: number, target: Uint16Array, to: number, count: number) => void;
}

/** The two 16-bit floats. */
export const halfRuns = {
  bf16: { decode: decodeBf16, encode: encodeBf16 },
  f16: { decode: decodeF16, encode: encodeF16 },
} as const satisfies Record<'f16' | 'bf16', HalfRuns>;

function decodeBf16(source: Uint16Array, from: number, words: Uint32Array, to: number, count: number): void {
  for (let i = 0; i < count; i++) words[to + i] = source[from + i]! << 16;
}

function encodeBf16(words: Uint32Array, from: number, target: Uint16Array, to: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const word = words[from + i]!;
    const isNotANumber = (word & 0x7fff_ffff) > 0x7f80_0000;
    // Adding just under half of the dropped unit, plus the kept last bit, rounds ties to even.
    target[to + i] = isNotANumber ? (word >>> 16) | 0x40 : (word + 0x7fff + ((word >>> 16) & 1)) >>> 16;
  }
}

function decodeF16(source: Uint16Array, from: number, words: Uint32Array, to: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const half = source[from + i]!;
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 31;
    const mantissa = half & 0x3ff;
    if (exponent === 31) words[to + i] = sign | 0x7f80_0000 | (mantissa << 13);
    else if (exponent !== 0) words[to + i] = sign | ((exponent + 112) << 23) | (mantissa << 13);
    else if (mantissa === 0) words[to + i] = sign;
    else {
      // A subnormal half is a normal float: shift the leading one into the implicit place.
      const shift = Math.clz32(mantissa) - 21;
      words[to + i] = sign | ((113 - shift) << 23) | (((mantissa << shift) & 0x3ff) << 13);
    }
  }
}

function encodeF16(words: Uint32Array, from: number, target: Uint16Array, to: number, count: number): void {
  for (let i = 0; i < count; i++) {
    const word = words[from + i]!;
    const sign = (word >>> 16) & 0x8000;
    const magnitude = word & 0x7fff_ffff;
    if (magnitude > 0x7f80_0000) target[to + i] = sign | 0x7e00 | ((word >>> 13) & 0x3ff);
    else if (magnitude >= 0x477f_f000)
      target[to + i] = sign | 0x7c00; // 65520 and more
    else if (magnitude >= 0x3880_0000) {
      const rebiased = magnitude - (112 << 23);
      target[to + i] = sign | ((rebiased + 0xfff + ((rebiased >>> 13) & 1)) >>> 13);
    } else {
      // Below 2^-14: the mantissa with its implicit one, shifted to units of 2^-24. Below 2^-25 rounds to 0.
      const shift = 126 - (magnitude >>> 23);
      const mantissa = (magnitude & 0x7f_ffff) | 0x80_0000;
      if (shift > 24) target[to + i] = sign;
      else {
        const dropped = mantissa & ((1 << shift) - 1);
        const half = 1 << (shift - 1);
        const kept = mantissa >>> shift;
        target[to + i] = sign | (kept + (dropped > half || (dropped === half && (kept & 1) === 1) ? 1 : 0));
      }
    }
  }
}
