/**
 * Conversions between float32 and the two 16-bit floats, whole arrays at a time. Exact upwards; round to nearest, ties
 * to even, downwards. NaN stays NaN with the upper bits of its payload (made quiet downwards), signs are kept.
 *
 * float16 after F. Giesen, "float->half variants" (`float_to_half_fast3_rtne`, `half_to_float_fast4`), public domain,
 * with payloads kept.
 */
import { bitsOf } from './bits.js';

const infinity32 = 0x7f800000;
/** 2¹¹²: what separates the exponent biases 127 and 15. */
const biasGap = 2 ** 112;
/** The bits of 2¹⁶, above every finite float16. */
const overflow16 = 0x47800000;
/** The bits of 2⁻¹⁴, the smallest normal float16. */
const normal16 = 0x38800000;

/** bfloat16 bits to float32. */
export function widenBfloat16(source: Uint16Array, target: Float32Array): void {
  const bits = bitsOf(target);
  for (let index = 0; index < source.length; index++) bits[index] = source[index]! << 16;
}

/** float16 bits to float32. */
export function widenFloat16(source: Uint16Array, target: Float32Array): void {
  const bits = bitsOf(target);
  for (let index = 0; index < source.length; index++) {
    const half = source[index]!;
    const sign = (half & 0x8000) << 16;
    const rest = (half & 0x7fff) << 13;
    if (rest >= 0x0f800000) {
      bits[index] = sign | infinity32 | (rest & 0x7fffff); // exponent 31: infinity or NaN
    } else {
      // As a float32, `rest` is too small by 2¹¹², subnormal float16s included; the product is exact.
      bits[index] = rest;
      target[index]! *= biasGap;
      bits[index]! |= sign;
    }
  }
}

/** float32 to bfloat16 bits. */
export function narrowToBfloat16(source: Float32Array, target: Uint16Array): void {
  const bits = bitsOf(source);
  for (let index = 0; index < source.length; index++) target[index] = bfloat16Bits(bits[index]!);
}

/** The bfloat16 nearest to the float32 with these bits. */
export function bfloat16Bits(bits: number): number {
  if ((bits & 0x7fffffff) > infinity32) return (bits >>> 16) | 0x40; // NaN
  // Half a unit less one, plus one if the kept part is odd: ties go to even. The carry may reach infinity, rightly.
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** float32 to float16 bits. */
export function narrowToFloat16(source: Float32Array, target: Uint16Array): void {
  const bits = bitsOf(source);
  for (let index = 0; index < source.length; index++) target[index] = float16Bits(bits[index]!);
}

/** The float16 nearest to the float32 with these bits. */
export function float16Bits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const rest = bits & 0x7fffffff;
  if (rest > infinity32) return sign | 0x7e00 | ((rest >>> 13) & 0x3ff); // NaN
  if (rest >= overflow16) return sign | 0x7c00;
  if (rest < normal16) return sign | subnormal16(rest);
  // Moves the exponent by 15 − 127, then rounds as above; the carry may reach infinity, rightly.
  return sign | ((rest - 0x38000000 + 0xfff + ((rest >>> 13) & 1)) >>> 13);
}

/** Below 2⁻¹⁴: units of 2⁻²⁴. */
function subnormal16(rest: number): number {
  const exponent = rest >>> 23;
  if (exponent < 102) return 0; // below 2⁻²⁵, half the smallest unit
  const significand = (rest & 0x7fffff) | 0x800000;
  const shift = 126 - exponent; // 14 … 24
  const kept = significand >>> shift;
  const half = 2 ** (shift - 1);
  const dropped = significand & (2 ** shift - 1);
  const roundsUp = dropped > half || (dropped === half && (kept & 1) === 1);
  return roundsUp ? kept + 1 : kept;
}
