import { type DType, elementCount, formatType, hostView, isFloat, type TensorType } from '@hybra/spec';
import type { Tolerance } from '@hybra/tensor';
import { fromBfloat16Bits, fromFloat16Bits } from '../cases/half.js';

/** How values of one op are compared. */
export interface Comparison {
  readonly tolerance: Tolerance;
  /** Whether +0 and −0 count as one where the tolerance is exact. */
  readonly isZeroSignFree: boolean;
}

/**
 * Compares an output with the reference's. Within the tolerance, |got − expected| ≤ absolute + relative ·
 * |expected|; NaN equals NaN, an infinity only itself. Without one, bits are equal.
 * @returns what is wrong, or `undefined`
 */
export function difference(
  type: TensorType,
  got: Uint8Array,
  expected: Uint8Array,
  { tolerance, isZeroSignFree }: Comparison,
): string | undefined {
  const a = numbersOf(type, got);
  const b = numbersOf(type, expected);
  const bound = isFloat(type.dtype) ? tolerance[type.dtype] : undefined;
  let wrong = 0;
  let first = '';
  for (let index = 0; index < a.length; index++) {
    const x = a[index]!;
    const y = b[index]!;
    const isSame = Object.is(x, y) || ((bound !== undefined || isZeroSignFree) && x === y);
    if (isSame) continue;
    const isNear =
      bound !== undefined &&
      Number.isFinite(y) &&
      Math.abs(x - y) <= bound.absolute + bound.relative * Math.abs(y);
    if (isNear) continue;
    if (wrong++ === 0) first = `element ${index} is ${x}, the reference has ${y}`;
  }
  if (wrong === 0) return undefined;
  const allowed = bound ? `within ${bound.absolute} + ${bound.relative}·|x|` : 'equal';
  return `${formatType(type)}: ${first}; ${wrong} of ${a.length} elements are not ${allowed}`;
}

function numbersOf(type: TensorType, bytes: Uint8Array): ArrayLike<number> {
  const count = elementCount(type.shape);
  const copy = bytes.slice(); // aligned for every dtype
  const array = hostView(type.dtype, copy.buffer, 0, count);
  const decode = decoders[type.dtype];
  return decode ? Array.from(array, decode) : array;
}

const decoders: Readonly<Partial<Record<DType, (bits: number) => number>>> = {
  f16: fromFloat16Bits,
  bf16: fromBfloat16Bits,
};
