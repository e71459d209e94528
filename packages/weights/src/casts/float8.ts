/**
 * The 8-bit floats of arXiv 2209.05433, "FP8 Formats for Deep Learning", table 1. Reading only: 256 values each.
 */

/** Value of an f8_e4m3 (fn): 1 sign, 4 exponent bits (bias 7), 3 of significand; no infinities; NaN is S.1111.111. */
export function float8E4M3(bits: number): number {
  if ((bits & 0x7f) === 0x7f) return Number.NaN;
  return decode({ bits, fraction: 3, bias: 7 });
}

/** Value of an f8_e5m2: 1 sign, 5 exponent bits (bias 15), 2 of significand; infinities and NaN as in IEEE 754. */
export function float8E5M2(bits: number): number {
  const rest = bits & 0x7f;
  if (rest > 0x7c) return Number.NaN;
  if (rest === 0x7c) return bits & 0x80 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  return decode({ bits, fraction: 2, bias: 15 });
}

function decode(format: { readonly bits: number; readonly fraction: number; readonly bias: number }): number {
  const { bits, fraction, bias } = format;
  const sign = bits & 0x80 ? -1 : 1;
  const exponent = (bits & 0x7f) >>> fraction;
  const significand = (bits & (2 ** fraction - 1)) / 2 ** fraction;
  if (exponent === 0) return sign * significand * 2 ** (1 - bias); // subnormal
  return sign * (1 + significand) * 2 ** (exponent - bias);
}

/** 8-bit floats to float32, through a table of the 256 values. */
export function widenFloat8(
  source: Uint8Array,
  target: Float32Array,
  valueFor: (bits: number) => number,
): void {
  const table = Float32Array.from({ length: 256 }, (_, bits) => valueFor(bits));
  for (let index = 0; index < source.length; index++) target[index] = table[source[index]!]!;
}
