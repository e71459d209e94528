import { type DType, dtypes, type OpName } from '@hybra/spec';
import type { OpDefinition, Tolerance } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { broadcastPair, type Operand } from '../broadcast.js';
import { floats, numbers, requireDType, requireSameDType, requireSameShape } from '../checks.js';
import { exact, rounded } from '../tolerances.js';

function binaryDefinition(
  name: OpName,
  tolerance: Tolerance,
  allowed: readonly DType[],
  output?: DType,
): OpDefinition {
  return {
    name,
    tolerance,
    infer: ([a, b]) => {
      requireDType(name, 'a', a!, allowed);
      requireSameDType(name, ['a', a!], ['b', b!]);
      requireSameShape(name, ['a', a!], ['b', b!]);
      return [{ dtype: output ?? a!.dtype, shape: a!.shape }];
    },
  };
}

/** Hardware takes powers as exp2(b · log2 a), which multiplies the error of the logarithm by b. */
const power: Tolerance = { ...rounded, f32: { relative: 2e-5, absolute: 1e-30 } };

const bits: readonly DType[] = ['i32', 'u32'];

/** Definitions of the ops with two inputs of one type. */
export const binaryDefinitions = {
  add: binaryDefinition('add', rounded, numbers),
  sub: binaryDefinition('sub', rounded, numbers),
  mul: binaryDefinition('mul', rounded, numbers),
  div: binaryDefinition('div', rounded, numbers),
  minimum: binaryDefinition('minimum', exact, numbers),
  maximum: binaryDefinition('maximum', exact, numbers),
  pow: binaryDefinition('pow', power, floats),
  less: binaryDefinition('less', exact, dtypes, 'bool'),
  equal: binaryDefinition('equal', exact, dtypes, 'bool'),
  and: binaryDefinition('and', exact, ['bool']),
  or: binaryDefinition('or', exact, ['bool']),
  bitAnd: binaryDefinition('bitAnd', exact, bits),
  bitOr: binaryDefinition('bitOr', exact, bits),
  bitXor: binaryDefinition('bitXor', exact, bits),
  shiftLeft: binaryDefinition('shiftLeft', exact, bits),
  shiftRight: binaryDefinition('shiftRight', exact, bits),
} as const;

function apply(name: keyof typeof binaryDefinitions, a: Operand, b: Operand): Tensor {
  return recordOne(binaryDefinitions[name], broadcastPair(name, a, b));
}

// In all of these a number stands for a scalar of the other operand's dtype, and shapes broadcast.

/** a + b; integers wrap. @param a float, i32 or u32 @throws E_SHAPE, E_DTYPE */
export function add(a: Operand, b: Operand): Tensor {
  return apply('add', a, b);
}

/** a − b; integers wrap. @param a float, i32 or u32 @throws E_SHAPE, E_DTYPE */
export function sub(a: Operand, b: Operand): Tensor {
  return apply('sub', a, b);
}

/** a · b; integers wrap. @param a float, i32 or u32 @throws E_SHAPE, E_DTYPE */
export function mul(a: Operand, b: Operand): Tensor {
  return apply('mul', a, b);
}

/** a / b; integers truncate towards 0, and x / 0 is 0. @param a float, i32 or u32 @throws E_SHAPE, E_DTYPE */
export function div(a: Operand, b: Operand): Tensor {
  return apply('div', a, b);
}

/** The smaller; NaN if either is NaN. @param a float, i32 or u32 @throws E_SHAPE, E_DTYPE */
export function minimum(a: Operand, b: Operand): Tensor {
  return apply('minimum', a, b);
}

/** The larger; NaN if either is NaN. @param a float, i32 or u32 @throws E_SHAPE, E_DTYPE */
export function maximum(a: Operand, b: Operand): Tensor {
  return apply('maximum', a, b);
}

/** aᵇ. @param a float @throws E_SHAPE, E_DTYPE */
export function pow(a: Operand, b: Operand): Tensor {
  return apply('pow', a, b);
}

/** a < b as `bool`; false if either is NaN. @param a any dtype @throws E_SHAPE, E_DTYPE */
export function less(a: Operand, b: Operand): Tensor {
  return apply('less', a, b);
}

/** a = b as `bool`; false if either is NaN, and −0 equals 0. @param a any dtype @throws E_SHAPE, E_DTYPE */
export function equal(a: Operand, b: Operand): Tensor {
  return apply('equal', a, b);
}

/** Logical and. @param a bool @throws E_SHAPE, E_DTYPE */
export function and(a: Tensor, b: Tensor): Tensor {
  return apply('and', a, b);
}

/** Logical or. @param a bool @throws E_SHAPE, E_DTYPE */
export function or(a: Tensor, b: Tensor): Tensor {
  return apply('or', a, b);
}

/** Bitwise and. @param a i32 or u32 @throws E_SHAPE, E_DTYPE */
export function bitAnd(a: Operand, b: Operand): Tensor {
  return apply('bitAnd', a, b);
}

/** Bitwise or. @param a i32 or u32 @throws E_SHAPE, E_DTYPE */
export function bitOr(a: Operand, b: Operand): Tensor {
  return apply('bitOr', a, b);
}

/** Bitwise exclusive or. @param a i32 or u32 @throws E_SHAPE, E_DTYPE */
export function bitXor(a: Operand, b: Operand): Tensor {
  return apply('bitXor', a, b);
}

/** a · 2^(b mod 32), low 32 bits. @param a i32 or u32 @throws E_SHAPE, E_DTYPE */
export function shiftLeft(a: Operand, b: Operand): Tensor {
  return apply('shiftLeft', a, b);
}

/** a / 2^(b mod 32) rounded down: arithmetic on i32, logical on u32. @param a i32 or u32 @throws E_SHAPE, E_DTYPE */
export function shiftRight(a: Operand, b: Operand): Tensor {
  return apply('shiftRight', a, b);
}
