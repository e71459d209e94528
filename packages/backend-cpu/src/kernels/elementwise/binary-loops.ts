import type { HostArray } from '@hybra/spec';

/** `y[yFrom + i] = f(a[aFrom + i · aStep], b[bFrom + i · bStep])` for i in 0 … count − 1. */
export type BinaryLoop = (
  a: HostArray,
  aFrom: number,
  aStep: number,
  b: HostArray,
  bFrom: number,
  bStep: number,
  y: HostArray,
  yFrom: number,
  count: number,
) => void;

/**
 * One loop per binary op on numbers that a double holds exactly, written out for the reason given at the
 * unary loops. Storing into an integer array wraps modulo 2³² (ECMA-262, ToInt32), so `add` and `sub` serve
 * integers too.
 */
export const numberLoops = {
  add(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! + b[bFrom + i * bStep]!;
  },
  sub(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! - b[bFrom + i * bStep]!;
  },
  mul(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! * b[bFrom + i * bStep]!;
  },
  div(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! / b[bFrom + i * bStep]!;
  },
  minimum(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.min(a[aFrom + i * aStep]!, b[bFrom + i * bStep]!);
  },
  maximum(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.max(a[aFrom + i * aStep]!, b[bFrom + i * bStep]!);
  },
  pow(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = power(a[aFrom + i * aStep]!, b[bFrom + i * bStep]!);
  },
  less(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! < b[bFrom + i * bStep]! ? 1 : 0;
  },
  equal(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! === b[bFrom + i * bStep]! ? 1 : 0;
  },
} as const satisfies Record<string, BinaryLoop>;

/** IEEE 754 pow: JavaScript differs at (±1)^±∞ and 1^NaN, where it gives NaN instead of 1. */
function power(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}

/** Loops for i32 and u32 where a double would lose bits, and for logic on 0 and 1. */
export const integerLoops = {
  mul(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = Math.imul(a[aFrom + i * aStep]!, b[bFrom + i * bStep]!);
  },
  div(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) {
      const divisor = b[bFrom + i * bStep]!;
      y[yFrom + i] = divisor === 0 ? 0 : Math.trunc(a[aFrom + i * aStep]! / divisor);
    }
  },
  bitAnd(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! & b[bFrom + i * bStep]!;
  },
  bitOr(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! | b[bFrom + i * bStep]!;
  },
  bitXor(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! ^ b[bFrom + i * bStep]!;
  },
  shiftLeft(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! << b[bFrom + i * bStep]!;
  },
  shiftRight(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! >> b[bFrom + i * bStep]!;
  },
  shiftRightLogical(a, aFrom, aStep, b, bFrom, bStep, y, yFrom, count) {
    for (let i = 0; i < count; i++) y[yFrom + i] = a[aFrom + i * aStep]! >>> b[bFrom + i * bStep]!;
  },
} as const satisfies Record<string, BinaryLoop>;
