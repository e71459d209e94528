import { type DType, dtypes } from '@hybra/spec';
import { computed, elementwiseInPlace, floats, type Rule, refusal } from './rule.js';

const withI32: readonly DType[] = [...floats, 'i32'];
const integers: readonly DType[] = ['i32', 'u32'];
const numbers: readonly DType[] = [...floats, ...integers];
const bool: readonly DType[] = ['bool'];

function unary(inputs: readonly DType[], rest: Partial<Rule> = {}): Rule {
  return {
    answer: (call) =>
      refusal(call, [inputs]) ?? { acceptsStrided: true, inPlace: elementwiseInPlace(call, [0]) },
    ...rest,
  };
}

function binary(
  inputs: readonly DType[],
  rest: Partial<Rule> = {},
  outputs: readonly DType[] = inputs,
): Rule {
  return {
    answer: (call) => {
      const refused = refusal(call, [inputs], outputs);
      if (refused) return refused;
      if (call.inputs[0]!.dtype !== call.inputs[1]!.dtype) return { reason: `${call.op}: dtypes differ` };
      return { acceptsStrided: true, inPlace: elementwiseInPlace(call, [0, 1]) };
    },
    ...rest,
  };
}

/** Ops that look at one element of each input at a time. They take any strides. */
export const elementwiseRules = {
  neg: unary(withI32),
  abs: unary(withI32),
  exp: unary(floats),
  expm1: unary(floats),
  log: unary(floats),
  log1p: unary(floats),
  sin: unary(floats),
  cos: unary(floats),
  tanh: unary(floats),
  erf: unary(floats),
  sqrt: unary(floats),
  reciprocal: unary(floats),
  floor: unary(floats),
  not: unary(bool, { kernel: () => 'logicalNot' }),
  cast: { answer: () => ({ acceptsStrided: true }) },
  add: binary(numbers),
  sub: binary(numbers),
  mul: binary(numbers),
  div: binary(numbers),
  minimum: binary(numbers),
  maximum: binary(numbers),
  pow: binary(floats),
  less: binary(dtypes, {}, bool),
  equal: binary(dtypes, {}, bool),
  and: binary(bool, { kernel: () => 'logicalAnd' }),
  or: binary(bool, { kernel: () => 'logicalOr' }),
  bitAnd: binary(integers),
  bitOr: binary(integers),
  bitXor: binary(integers),
  shiftLeft: binary(integers),
  shiftRight: binary(integers),
  select: {
    answer: (call) => {
      const refused = refusal(call, [bool, dtypes, dtypes]);
      if (refused) return refused;
      if (call.inputs[1]!.dtype !== call.inputs[2]!.dtype) return { reason: 'select: dtypes differ' };
      return { acceptsStrided: true, inPlace: elementwiseInPlace(call, [1, 2]) };
    },
  },
  silu: unary(computed),
  gelu: unary(computed, { attributes: ({ attributes }) => [attributes.approximate === 'tanh' ? 1 : 0] }),
  softplus: unary(computed),
  swiglu: binary(computed),
} as const satisfies Record<string, Rule>;
