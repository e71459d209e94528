import type { DType } from './dtype.js';

/**
 * How a weight matrix `[rows, columns]` is stored in blocks along its columns: `w ≈ scale · (code − zero)`.
 * A quantised weight binds as several operands (codes, scales, and zero points if it has them).
 */
export interface QuantScheme {
  /** Such as `q8` or `q4`. */
  readonly name: string;
  /** Bits of a code. */
  readonly bits: 4 | 8;
  /** Columns that share one scale. */
  readonly blockSize: number;
  /** `i8`: one signed code a byte. `u4-low-first`: two unsigned codes a byte, the first in the low half. */
  readonly codeLayout: 'i8' | 'u4-low-first';
  readonly scaleDtype: Extract<DType, 'f32' | 'f16'>;
  /** Whether blocks have a zero point of their own; otherwise it is 0 for `i8` and 8 for `u4-low-first`. */
  readonly hasZeroPoints: boolean;
}
