import type { DType } from '@hybra/spec';

const limits = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u32: [0, 2 ** 32 - 1],
  i8: [-128, 127],
  u8: [0, 255],
} as const;

const halves = {
  f16: { mantissaBits: 10, bias: 15 },
  bf16: { mantissaBits: 7, bias: 127 },
} as const;

/**
 * The bits that a buffer of `dtype` stores for a number: floats rounded once to nearest even, integers
 * truncated towards 0 and saturated (NaN gives 0), `bool` as 0 or 1.
 */
export function storedBits(dtype: DType, value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  switch (dtype) {
    case 'f64':
      view.setFloat64(0, value);
      return view.getBigInt64(0);
    case 'f32':
      view.setFloat32(0, value);
      return BigInt(view.getUint32(0));
    case 'f16':
    case 'bf16':
      return BigInt(halfBits(dtype, value));
    case 'bool':
      return value !== 0 ? 1n : 0n;
    default: {
      const [low, high] = limits[dtype];
      return BigInt(Number.isNaN(value) ? 0 : Math.min(Math.max(Math.trunc(value), low), high));
    }
  }
}

/** From any double in one rounding: by way of float32 it would be two. */
function halfBits(dtype: 'f16' | 'bf16', value: number): number {
  const { mantissaBits, bias } = halves[dtype];
  const infinity = (2 * bias + 1) << mantissaBits;
  if (Number.isNaN(value)) return infinity | (1 << (mantissaBits - 1));
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === 0) return sign;
  if (magnitude === Number.POSITIVE_INFINITY) return sign | infinity;
  let exponent = Math.max(Math.floor(Math.log2(magnitude)), 1 - bias);
  if (exponent > 1 - bias && 2 ** exponent > magnitude) exponent--;
  if (exponent > bias) return sign | infinity;
  const units = roundToEven(magnitude / 2 ** (exponent - mantissaBits));
  // Units carry the implicit one, so that a carry past it moves into the exponent by itself.
  return sign | Math.min((exponent + bias - 1) * 2 ** mantissaBits + units, infinity);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
