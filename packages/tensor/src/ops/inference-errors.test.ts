import { type DType, HybraError, hostArray, type QuantScheme } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { Tensor } from '../graph/tensor.js';
import * as ops from './index.js';

/** A tensor of zeros as a constant; only its type matters. */
function of(dtype: DType, ...shape: number[]): Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  return new Tensor({ kind: 'literal', dtype, shape, data: hostArray(dtype, size) });
}

const f = (...shape: number[]): Tensor => of('f32', ...shape);
const i = (...shape: number[]): Tensor => of('i32', ...shape);
const notATensor = 'x' as unknown as Tensor;

const scan = {
  x: f(2, 9, 4, 3),
  dt: f(2, 9, 4),
  A: f(4),
  B: f(2, 9, 2, 5),
  C: f(2, 9, 2, 5),
  states: f(6, 4, 3, 5),
  slots: i(2),
};
const cached = {
  q: f(2, 3, 4, 8),
  k: f(5, 16, 2, 8),
  v: f(5, 16, 2, 8),
  slots: i(2),
  starts: i(2),
  lengths: i(2),
};
const convolution = {
  x: f(2, 7, 5),
  weight: f(5, 4),
  bias: f(5),
  tails: f(6, 3, 5),
  slots: i(2),
  lengths: i(2),
};
const drawing = { logits: f(2, 9), parameters: f(2, 7), counts: i(2, 9), stream: of('u32', 2, 5) };
const unknownApproximation = { approximate: 'fast' } as unknown as ops.GeluOptions;

const q4Scheme = {
  name: 'q4',
  bits: 4,
  blockSize: 32,
  codeLayout: 'u4-low-first',
  scaleDtype: 'f16',
  hasZeroPoints: false,
} as const satisfies QuantScheme;
const q4 = (codes: Tensor, scales: Tensor, zeros?: Tensor): ops.QuantizedWeight =>
  ops.quantizedWeight(q4Scheme, { codes, scales, zeros });

type BadCall = readonly [what: string, call: () => unknown, code: string, fragment: string];

const badCalls: readonly BadCall[] = [
  // Elementwise
  ['exp of integers', () => ops.exp(i(3)), 'E_DTYPE', 'exp: x is i32[3], expected f64, f32, f16, bf16'],
  ['exp of a string', () => ops.exp(notATensor), 'E_ARGUMENT', 'exp: input 0 is string, expected a Tensor'],
  ['neg of bool', () => ops.neg(of('bool', 3)), 'E_DTYPE', 'neg: x is bool[3]'],
  ['add of shapes that do not meet', () => ops.add(f(2, 3), f(2, 4)), 'E_SHAPE', 'axis -1 has 3 and 4'],
  [
    'add of two dtypes',
    () => ops.add(f(3), of('f16', 3)),
    'E_DTYPE',
    'a is f32, b is f16. Dtypes are not promoted',
  ],
  ['add of two numbers', () => ops.add(1, 2), 'E_ARGUMENT', 'both operands are numbers'],
  ['add of a string', () => ops.add(f(3), notATensor), 'E_ARGUMENT', 'add: an operand is string'],
  [
    'add of a fraction to integers',
    () => ops.add(i(3), 0.5),
    'E_ARGUMENT',
    '0.5 is not a number of type i32',
  ],
  ['add of −1 to unsigned', () => ops.add(of('u32', 3), -1), 'E_ARGUMENT', '-1 is not a number of type u32'],
  ['add of bools', () => ops.add(of('bool', 3), of('bool', 3)), 'E_DTYPE', 'add: a is bool[3]'],
  ['pow of integers', () => ops.pow(i(3), 2), 'E_DTYPE', 'pow: a is i32[3]'],
  ['and of floats', () => ops.and(f(3), f(3)), 'E_DTYPE', 'and: a is f32[3], expected bool'],
  ['bitAnd of floats', () => ops.bitAnd(f(3), f(3)), 'E_DTYPE', 'expected i32, u32'],
  ['not of integers', () => ops.not(i(3)), 'E_DTYPE', 'not: x is i32[3], expected bool'],
  ['select by integers', () => ops.select(i(3), f(3), f(3)), 'E_DTYPE', 'condition is i32[3], expected bool'],
  ['select of two dtypes', () => ops.select(of('bool', 3), f(3), i(3)), 'E_DTYPE', 'a is f32, b is i32'],
  ['select of two numbers', () => ops.select(of('bool', 3), 0, 1), 'E_ARGUMENT', 'both operands are numbers'],
  ['select by a longer condition', () => ops.select(of('bool', 4), f(3), 0), 'E_SHAPE', 'do not broadcast'],
  // Making
  ['literal of the wrong count', () => ops.literal([1, 2], [3]), 'E_SHAPE', '2 values do not fill [3]'],
  [
    'literal of a fraction',
    () => ops.literal([0.5], [1], 'i32'),
    'E_ARGUMENT',
    '0.5 is not a number of type i32',
  ],
  ['literal bool of 2', () => ops.literal([2], [1], 'bool'), 'E_ARGUMENT', '2 is not a number of type bool'],
  ['fill of a negative extent', () => ops.fill([-1], 0), 'E_SHAPE', 'f32[-1] is no shape'],
  [
    'fill of NaN as integer',
    () => ops.fill([2], Number.NaN, 'i32'),
    'E_ARGUMENT',
    'NaN is not a number of type i32',
  ],
  ['iota of halves', () => ops.iota([3], 0, 'f16'), 'E_DTYPE', 'expected f32, i32, u32'],
  ['iota along no axis', () => ops.iota([], 0), 'E_SHAPE', 'axis 0 does not exist'],
  ['random of four words', () => ops.random(of('u32', 2, 4), 3), 'E_SHAPE', 'expected u32[n, 5]'],
  ['random of signed words', () => ops.random(i(2, 5), 3), 'E_DTYPE', 'stream is i32[2, 5], expected u32'],
  ['random of a negative count', () => ops.random(of('u32', 2, 5), -1), 'E_SHAPE', 'f32[2, -1] is no shape'],
  // Reductions and order
  ['sum over an axis that is not there', () => ops.sum(f(2, 3), 2), 'E_SHAPE', 'axis 2 does not exist'],
  ['sum of unsigned', () => ops.sum(of('u32', 3)), 'E_DTYPE', 'sum: x is u32[3]'],
  ['mean of integers', () => ops.mean(i(3)), 'E_DTYPE', 'mean: x is i32[3]'],
  ['argmax of nothing', () => ops.argmax(f(3, 0)), 'E_SHAPE', 'of no elements none is largest'],
  ['argmax of a scalar', () => ops.argmax(f()), 'E_SHAPE', 'expected at least 1 axis'],
  ['cumulativeSum of a scalar', () => ops.cumulativeSum(f()), 'E_SHAPE', 'axis -1 does not exist'],
  ['sort of integers', () => ops.sort(i(3)), 'E_DTYPE', 'sort: x is i32[3]'],
  ['topK of 0', () => ops.topK(f(5), 0), 'E_ARGUMENT', 'topK: k is 0, expected a whole number from 1 to 5'],
  [
    'topK of too many',
    () => ops.topK(f(2, 5), 6),
    'E_ARGUMENT',
    'k is 6, expected a whole number from 1 to 5',
  ],
  // Products
  [
    'matmul of a weight that is [N, K]',
    () => ops.matmul(f(4, 768), f(512, 768)),
    'E_SHAPE',
    'matmul: inner dimensions differ: a is [4, 768], b is [512, 768]. Did you mean transposeB: true?',
  ],
  [
    'matmul of a weight that is [K, N] as if it were [N, K]',
    () => ops.matmul(f(2, 4, 768), f(768, 512), { transposeB: true }),
    'E_SHAPE',
    'b is [768, 512] with transposeB. Did you mean transposeB: false?',
  ],
  [
    'matmul of a transposed a',
    () => ops.matmul(f(768, 4), f(768, 512)),
    'E_SHAPE',
    'Did you mean transposeA: true?',
  ],
  ['matmul that no flag saves', () => ops.matmul(f(2, 3), f(4, 5)), 'E_SHAPE', 'a is [2, 3], b is [4, 5].'],
  ['matmul of a vector', () => ops.matmul(f(3), f(3, 2)), 'E_SHAPE', 'a is f32[3], expected at least 2 axes'],
  [
    'matmul of batches that do not meet',
    () => ops.matmul(f(2, 3, 4), f(3, 4, 5)),
    'E_SHAPE',
    'axis -1 has 2 and 3',
  ],
  ['matmul of f16 beside f32', () => ops.matmul(of('f16', 2, 3), f(3, 4)), 'E_DTYPE', 'a is f16, b is f32'],
  ['matmul of integers', () => ops.matmul(i(2, 3), i(3, 4)), 'E_DTYPE', 'a is i32[2, 3]'],
  // Rows and shapes
  [
    'quantizedMatmul of codes that do not meet x',
    () => ops.quantizedMatmul(f(2, 32), q4(of('u8', 3, 32), of('f16', 3, 2))),
    'E_SHAPE',
    'codes is u8[3, 32], expected [N, 16] beside x',
  ],
  [
    'quantizedMatmul of a row that no block divides',
    () => ops.quantizedMatmul(f(2, 33), q4(of('u8', 3, 16), of('f16', 3, 1))),
    'E_SHAPE',
    'x is f32[2, 33], expected a multiple of 32 columns',
  ],
  [
    'quantizedMatmul of integers',
    () => ops.quantizedMatmul(i(2, 32), q4(of('u8', 3, 16), of('f16', 3, 1))),
    'E_DTYPE',
    'x is i32[2, 32]',
  ],
  [
    'a quantised weight with signed nibbles',
    () => q4(of('i8', 3, 16), of('f16', 3, 1)),
    'E_DTYPE',
    'codes is i8[3, 16], expected u8',
  ],
  [
    'a quantised weight with too few scales',
    () => q4(of('u8', 3, 32), of('f16', 3, 1)),
    'E_SHAPE',
    'scales is f16[3, 1], expected [3, 2]',
  ],
  [
    'a quantised weight with zero points that its scheme has not',
    () => q4(of('u8', 3, 16), of('f16', 3, 1), of('f16', 3, 1)),
    'E_ARGUMENT',
    'q4 has no zero points, but zeros are given',
  ],
  [
    'a quantised weight of 8 bits as nibbles',
    () => ops.quantizedWeight({ ...q4Scheme, bits: 8 }, { codes: of('u8', 3, 16), scales: of('f16', 3, 1) }),
    'E_ARGUMENT',
    'no scheme has 8 bits as u4-low-first',
  ],
  ['gatherRows by floats', () => ops.gatherRows(f(3, 4), f(2)), 'E_DTYPE', 'indices is f32[2], expected i32'],
  [
    'gatherRows of a scalar',
    () => ops.gatherRows(f(), i(2)),
    'E_SHAPE',
    'table is f32[], expected at least 1 axis',
  ],
  [
    'writeRows of other rows',
    () => ops.writeRows(f(3, 4), i(2), f(2, 5)),
    'E_SHAPE',
    'expected [R, …], [n] and [n, …]',
  ],
  [
    'writeRows of another dtype',
    () => ops.writeRows(f(3, 4), i(2), of('bf16', 2, 4)),
    'E_DTYPE',
    'target is f32, rows is bf16',
  ],
  [
    'scatterAddRows on halves',
    () => ops.scatterAddRows(of('f16', 3), i(1), of('f16', 1)),
    'E_DTYPE',
    'expected f32, f64, i32',
  ],
  ['concat of nothing', () => ops.concat([]), 'E_ARGUMENT', 'no inputs'],
  ['concat of two dtypes', () => ops.concat([f(3), i(3)]), 'E_DTYPE', 'input 0 is f32, input 1 is i32'],
  ['concat of other extents', () => ops.concat([f(2, 3), f(3, 3)], 1), 'E_SHAPE', 'only axis 1 may differ'],
  [
    'pad with too few counts',
    () => ops.pad(f(2, 3), [1], [1]),
    'E_ARGUMENT',
    'before is [1], expected 2 counts',
  ],
  [
    'pad with a negative count',
    () => ops.pad(f(2), [0], [-1]),
    'E_ARGUMENT',
    'after is [-1], expected 1 counts',
  ],
  // Activations, norms, loss
  ['silu of integers', () => ops.silu(i(3)), 'E_DTYPE', 'silu: x is i32[3]'],
  [
    'gelu of an unknown kind',
    () => ops.gelu(f(3), unknownApproximation),
    'E_ARGUMENT',
    "expected 'none' or 'tanh'",
  ],
  [
    'swiglu of two shapes',
    () => ops.swiglu(f(3), f(4)),
    'E_SHAPE',
    'gate is f32[3], up is f32[4], expected equal shapes',
  ],
  ['softmax of a scalar', () => ops.softmax(f()), 'E_SHAPE', 'expected at least 1 axis'],
  ['rmsNorm of another width', () => ops.rmsNorm(f(2, 8), f(7)), 'E_SHAPE', 'weight is f32[7], expected [8]'],
  [
    'rmsNorm of a negative epsilon',
    () => ops.rmsNorm(f(2, 8), f(8), { epsilon: -1 }),
    'E_ARGUMENT',
    'epsilon is -1',
  ],
  [
    'layerNorm of another bias',
    () => ops.layerNorm(f(2, 8), f(8), f(1)),
    'E_SHAPE',
    'bias is f32[1], expected [8]',
  ],
  [
    'gatedRmsNorm in 3 groups of 8',
    () => ops.gatedRmsNorm(f(2, 8), f(2, 8), f(8), { groups: 3 }),
    'E_ARGUMENT',
    'divides the width 8',
  ],
  [
    'gatedRmsNorm of another gate',
    () => ops.gatedRmsNorm(f(2, 8), f(8), f(8)),
    'E_SHAPE',
    'x is f32[2, 8], gate is f32[8]',
  ],
  [
    'crossEntropy of other rows',
    () => ops.crossEntropy(f(2, 8), i(3)),
    'E_SHAPE',
    'targets is i32[3], expected [R] with R = 2 as in logits',
  ],
  [
    'crossEntropy of float targets',
    () => ops.crossEntropy(f(2, 8), f(2)),
    'E_DTYPE',
    'targets is f32[2], expected i32',
  ],
  // Sampling
  [
    'sample of halves',
    () => ops.sample({ ...drawing, logits: of('f16', 2, 9) }),
    'E_DTYPE',
    'logits is f16[2, 9]',
  ],
  [
    'sample of six parameters',
    () => ops.sample({ ...drawing, parameters: f(2, 6) }),
    'E_SHAPE',
    'parameters is f32[2, 6], expected [B, 7]',
  ],
  [
    'sample of other counts',
    () => ops.sample({ ...drawing, counts: i(2, 8) }),
    'E_SHAPE',
    'V = 9 as in logits',
  ],
  [
    'sample of no vocabulary',
    () => ops.sample({ ...drawing, logits: f(2, 0), counts: i(2, 0) }),
    'E_SHAPE',
    'no vocabulary',
  ],
  // Along the sequence
  [
    'rope of too many frequencies',
    () => ops.rope(f(1, 2, 3, 4), i(1, 2), f(3)),
    'E_SHAPE',
    'rotate 6 dimensions, x f32[1, 2, 3, 4] has 4',
  ],
  [
    'rope of other positions',
    () => ops.rope(f(1, 2, 3, 4), i(1, 3), f(2)),
    'E_SHAPE',
    'positions is i32[1, 3], expected [B, T] with T = 2 as in x',
  ],
  [
    'attention of 3 key heads for 4',
    () => ops.attention({ ...cached, k: f(5, 16, 3, 8), v: f(5, 16, 3, 8) }),
    'E_SHAPE',
    'has 4 heads, k f32[5, 16, 3, 8] has 3',
  ],
  [
    'attention of other values',
    () => ops.attention({ ...cached, v: f(5, 15, 2, 8) }),
    'E_SHAPE',
    'C = 16 as in k',
  ],
  [
    'attention of an unpooled cache',
    () => ops.attention({ ...cached, k: f(16, 2, 8) }),
    'E_SHAPE',
    'k is f32[16, 2, 8], expected 4 axes',
  ],
  [
    'attention of a negative window',
    () => ops.attention(cached, { window: -1 }),
    'E_ARGUMENT',
    'window is -1',
  ],
  [
    'attention of two cache dtypes',
    () => ops.attention({ ...cached, v: of('f16', 5, 16, 2, 8) }),
    'E_DTYPE',
    'k is f32, v is f16',
  ],
  [
    'causalConv1d of another tail',
    () => ops.causalConv1d({ ...convolution, tails: f(6, 4, 5) }),
    'E_SHAPE',
    'expected [S, K-1, C] with K-1 = 3 as in weight',
  ],
  [
    'causalConv1d of other channels',
    () => ops.causalConv1d({ ...convolution, bias: f(6) }),
    'E_SHAPE',
    'bias is f32[6], expected [C] with C = 5 as in x',
  ],
  [
    'segmentSum of a scalar',
    () => ops.segmentSum(f()),
    'E_SHAPE',
    'segmentSum: x is f32[], expected at least 1 axis',
  ],
  [
    'ssdChunkScan of 3 groups for 4 heads',
    () => ops.ssdChunkScan({ ...scan, B: f(2, 9, 3, 5), C: f(2, 9, 3, 5) }),
    'E_SHAPE',
    '3 groups, expected a divisor of the 4 heads',
  ],
  [
    'ssdChunkScan of half dt',
    () => ops.ssdChunkScan({ ...scan, dt: of('f16', 2, 9, 4) }),
    'E_DTYPE',
    'dt is f16[2, 9, 4], expected f32',
  ],
  [
    'ssdChunkScan of other states',
    () => ops.ssdChunkScan({ ...scan, states: f(6, 4, 3, 6) }),
    'E_SHAPE',
    'N = 5 as in B',
  ],
  [
    'ssdChunkScan of chunks of 0',
    () => ops.ssdChunkScan(scan, { chunkSize: 0 }),
    'E_ARGUMENT',
    'chunkSize is 0',
  ],
  [
    'ssdStep of a sequence',
    () => ops.ssdStep(scan),
    'E_SHAPE',
    'ssdStep: x is f32[2, 9, 4, 3], expected 3 axes [B, H, P]',
  ],
  [
    'selectiveScan of heads',
    () => ops.selectiveScan(scan),
    'E_SHAPE',
    'selectiveScan: x is f32[2, 9, 4, 3], expected 3 axes',
  ],
  [
    'selectiveStep of float slots',
    () => ops.selectiveStep({ ...scan, slots: f(2) }),
    'E_DTYPE',
    'slots is f32[2], expected i32',
  ],
];

describe('a bad call', () => {
  it.each(badCalls)('%s says what is wrong', (_what, call, code, fragment) => {
    const error = thrownBy(call);
    expect(HybraError.isInstance(error) && error.code).toBe(code);
    expect((error as HybraError).message).toContain(fragment);
  });

  it('gives the facts as data', () => {
    const error = thrownBy(() => ops.matmul(f(4, 768), f(512, 768))) as HybraError;
    expect(error.details).toMatchObject({
      op: 'matmul',
      shapes: [
        [4, 768],
        [512, 768],
      ],
      transposeB: false,
    });
  });
});

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  throw new Error('The call was accepted.');
}
