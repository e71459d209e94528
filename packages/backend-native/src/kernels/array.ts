import { type DType, dtypes, formatType, isHalf, type OpCall } from '@hybra/spec';
import type { ProductKinds } from './products.js';
import { floats, isProductPair, type Rule, refusal } from './rule.js';

const i32: readonly DType[] = ['i32'];
const reduced: readonly DType[] = [...floats, 'i32'];
const summed: readonly DType[] = ['f32', 'f64', 'i32'];

const reduction: Rule = {
  answer: (call) => refusal(call, [reduced]) ?? { acceptsStrided: true },
  attributes: ({ attributes }) => {
    const axes = attributes.axes as readonly number[];
    return [axes.length, ...axes];
  },
};

const rowWrites: Rule = { answer: (call) => refusal(call, [dtypes, i32, dtypes]) ?? { inPlace: [[0, 0]] } };

/** Reductions, indexing and making of arrays. */
export const arrayRules = {
  sum: reduction,
  max: reduction,
  argmax: { answer: (call) => refusal(call, [floats]) ?? {} },
  cumulativeSum: {
    answer: (call) => refusal(call, [reduced]) ?? { inPlace: [[0, 0]] },
    attributes: ({ attributes }) => [attributes.axis as number, attributes.reverse === true ? 1 : 0],
  },
  sort: {
    answer: (call) => refusal(call, [floats]) ?? {},
    attributes: ({ attributes }) => [attributes.descending === true ? 1 : 0],
  },
  gatherRows: { answer: (call) => refusal(call, [dtypes, i32]) ?? {} },
  scatterAddRows: { answer: (call) => refusal(call, [summed, i32, summed]) ?? { inPlace: [[0, 0]] } },
  writeRows: rowWrites,
  concat: {
    answer: () => ({ acceptsStrided: true }),
    attributes: ({ attributes }) => [attributes.axis as number],
  },
  pad: {
    answer: () => ({ acceptsStrided: true }),
    attributes: ({ attributes }) => [attributes.value as number, ...(attributes.before as readonly number[])],
  },
  // `true` and `false` serve as 1 and 0.
  fill: { answer: () => ({}), attributes: ({ attributes }) => [Number(attributes.value)] },
  iota: {
    answer: (call) => refusal(call, [[]], ['f32', 'f64', 'i32', 'u32']) ?? {},
    attributes: ({ attributes }) => [attributes.axis as number],
  },
  random: { answer: (call) => refusal(call, [['u32']], ['u32', 'f32']) ?? {} },
  copy: { answer: () => ({ acceptsStrided: true }) },
} as const satisfies Record<string, Rule>;

/** Rows of a up to which a product runs as dot products (`fewRows` in `native/simd/matmul.hpp`). */
const fewRows = 8;

/** Whether a call is many rows of float32 times the transpose of a weight of 16-bit floats: a linear map on a prompt. */
function isPromptByHalves({ inputs, outputs, attributes }: OpCall): boolean {
  const [a, b] = inputs;
  const rows = outputs[0]!.shape.at(-2)!;
  return rows > fewRows && a!.dtype === 'f32' && isHalf(b!.dtype) && attributes.transposeB === true;
}

/** Matrix products, with the kernels that the device wants for them. */
export const matmulRules = ({ products, halfProducts }: ProductKinds): { readonly matmul: Rule } => ({
  matmul: {
    kernel: (call) => {
      if (products === 'bfloat16') return 'matmulBfloat16';
      return halfProducts === 'int14' && isPromptByHalves(call) ? 'matmulInt14' : 'matmul';
    },
    answer: ({ inputs }) => {
      const [a, b] = inputs;
      if (!isProductPair(a!.dtype, b!.dtype)) {
        return { reason: `matmul: no native kernel for ${formatType(a!)} and ${formatType(b!)}` };
      }
      return { acceptsStrided: true };
    },
    attributes: ({ attributes }) => [
      attributes.transposeA === true ? 1 : 0,
      attributes.transposeB === true ? 1 : 0,
    ],
  },
});
