import type { QuantScheme } from '@hybra/spec';

/** The schemes that hybra writes, by name. Any other that a {@link QuantScheme} can say is read as well. */
export const quantSchemes = {
  /** 8.5 bits a weight: symmetric, blocks of 32 with a float16 scale. */
  q8: scheme('q8', 8, false),
  /** 4.5 bits a weight: blocks of 32 with a float16 scale, codes around 8. */
  q4: scheme('q4', 4, false),
  /** 5 bits a weight: as `q4`, with a float16 zero point for each block. */
  'q4-affine': scheme('q4-affine', 4, true),
} as const satisfies Record<string, QuantScheme>;

/** Name of a scheme that hybra writes. */
export type QuantSchemeName = keyof typeof quantSchemes;

function scheme(name: string, bits: 4 | 8, hasZeroPoints: boolean): QuantScheme {
  const codeLayout = bits === 8 ? 'i8' : 'u4-low-first';
  return Object.freeze({ name, bits, blockSize: 32, codeLayout, scaleDtype: 'f16', hasZeroPoints });
}
