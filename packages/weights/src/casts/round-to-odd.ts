/**
 * Rounding twice (float64 to float32 to float16) can differ from rounding once. It cannot if the first step rounds to
 * odd: towards zero, then the last bit is set if anything was lost (S. Boldo, G. Melquiond, "Emulation of a FMA and
 * correctly rounded sums: proved algorithms using rounding to odd", IEEE Transactions on Computers 57(4), 2008). The
 * middle format needs two bits more than the last; float32 has 24 against 11 and 8, float64 53 against 24.
 */
import type { FloatBits } from './bits.js';

/** Bits of the float32 that `value` rounds to, to odd. */
export function float32BitsToOdd(value: number, window: FloatBits): number {
  window.float[0] = value;
  const rounded = window.float[0]!;
  const bits = window.bits[0]!;
  // Exact, NaN, or odd already: of the two neighbours of an inexact value one is odd.
  if (rounded === value || Number.isNaN(value) || (bits & 1) === 1) return bits;
  return Math.abs(rounded) > Math.abs(value) ? bits - 1 : bits + 1;
}

/** The float64 that an integer rounds to, to odd. */
export function bigIntToOdd(value: bigint): number {
  const rounded = Number(value);
  const difference = BigInt(rounded) - value;
  if (difference === 0n) return rounded;
  const bits = new BigUint64Array(new Float64Array([rounded]).buffer);
  if ((bits[0]! & 1n) === 1n) return rounded;
  // Away from zero if the error has the value's sign.
  bits[0]! += difference > 0n === value > 0n ? -1n : 1n;
  return new Float64Array(bits.buffer)[0]!;
}
