const layouts = {
  f16: { mantissaBits: 10, bias: 15 },
  bf16: { mantissaBits: 7, bias: 127 },
} as const;

/**
 * The bits of the half nearest to `value`, ties to even: one rounding, from any double. Rounding a double to
 * float32 first and then to a half would round twice.
 */
export function numberToHalf(dtype: 'f16' | 'bf16', value: number): number {
  const { mantissaBits, bias } = layouts[dtype];
  const infinity = (2 * bias + 1) << mantissaBits;
  if (Number.isNaN(value)) return infinity | (1 << (mantissaBits - 1));
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude === Number.POSITIVE_INFINITY) return sign | infinity;
  // log2 may be off by one beside a power of two; either neighbour gives the same bits after the carry below,
  // but the exponent must not be too large, or a bit is lost.
  let exponent = Math.max(Math.floor(Math.log2(magnitude)), 1 - bias);
  if (exponent > 1 - bias && 2 ** exponent > magnitude) exponent--;
  if (exponent > bias) return sign | infinity;
  const units = roundToEven(magnitude / 2 ** (exponent - mantissaBits)); // a power of two divides exactly
  // Units carry the implicit one, so that a carry past it moves into the exponent by itself.
  return sign | Math.min((exponent + bias - 1) * 2 ** mantissaBits + units, infinity);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
}
