import { contiguousStrides, type DType, type OpCall } from '@hybra/spec';
import { describeWith, requirement } from '@hybra/testing';
import { describe, expect, it } from 'vitest';
import { loadAddon } from '../addon/load-addon.js';
import { outputWith, random, randomWords } from '../testing.js';
import { answerTo, rulesWith } from './index.js';

const loaded = loadAddon();
const addon = await requirement('native', () => (loaded.addon ? undefined : loaded.reason));

interface Types {
  readonly x?: DType;
  readonly scales?: DType;
  readonly zeros?: DType;
  readonly blockSize?: number;
}

function callOf({ x = 'f32', scales = 'f16', zeros, blockSize = 32 }: Types): OpCall {
  const type = (dtype: DType, shape: readonly number[]) => ({
    dtype,
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
  });
  const blocks = [3, 192 / blockSize];
  return {
    op: 'quantizedMatmul',
    attributes: { bits: 8, blockSize },
    inputs: [
      type(x, [2, 192]),
      type('i8', [3, 192]),
      type(scales, blocks),
      ...(zeros ? [type(zeros, blocks)] : []),
    ],
    outputs: [{ dtype: x, shape: [2, 3] }],
  };
}

const kinds = { products: 'float32', halfProducts: 'int14', quantizedProducts: 'int8' } as const;

describe('the rule of quantizedMatmul', () => {
  it.each([
    [{ x: 'f64' }, /f64\[2, 192\]/],
    [{ scales: 'bf16' }, /bf16\[3, 6\]/],
    [{ zeros: 'f32' }, /f16\[3, 6\] with zeros f32\[3, 6\]/],
    [{ blockSize: 48 }, /blocks of 48, and the native kernel takes multiples of 32/],
  ] as const)('says no to %o, and why', (types, reason) => {
    expect(answerTo(rulesWith(kinds), callOf(types))).toEqual({ reason: expect.stringMatching(reason) });
  });

  it.each([{}, { x: 'bf16' }, { zeros: 'f16' }, { scales: 'f32' }, { blockSize: 96 }] as const)(
    'takes %o',
    (types) => {
      expect(answerTo(rulesWith(kinds), callOf(types))).toEqual({ acceptsStrided: true });
    },
  );
});

// Deeper than a packed block (256) and than the scales that are widened at once (64 · 32), in blocks of one
// group of columns and of two: what the cases of the op are too small for.
describeWith(addon, 'deep quantised products of float32', () => {
  const N = 37;
  const K = 2176;
  const kinds = [
    { bits: 8, blockSize: 32 },
    { bits: 8, blockSize: 64 },
    { bits: 4, blockSize: 32 },
    { bits: 4, blockSize: 64 },
  ] as const;
  const calls = (loaded.addon?.isas() ?? []).flatMap((isa) =>
    kinds.flatMap((kind) =>
      [1, 4, 7, 19].flatMap((M) => [false, true].map((hasZeros) => ({ isa, ...kind, M, hasZeros }))),
    ),
  );

  it.each(calls)(
    'are right: $isa, $bits bits in blocks of $blockSize, $M rows, zeros $hasZeros',
    async (call) => {
      const { isa, bits, blockSize, M, hasZeros } = call;
      const blocks = K / blockSize;
      const x = random(M * K, -1, 1);
      const codes = new Uint8Array(randomWords((N * K * bits) / 32).buffer);
      const scales = random(N * blocks, 0.5, 1);
      const zeros = random(N * blocks, 3, 12);
      const perBlock = { shape: [N, blocks] };
      const [bytes] = await outputWith(
        { isa, quantizedProducts: 'float32' },
        'quantizedMatmul',
        { bits, blockSize },
        [
          { shape: [M, K], values: x },
          { dtype: bits === 8 ? 'i8' : 'u8', shape: [N, (K * bits) / 8], values: codes },
          { ...perBlock, values: scales },
          ...(hasZeros ? [{ ...perBlock, values: zeros }] : []),
        ],
        [{ shape: [M, N] }],
      );
      const codeAt = (index: number): number =>
        bits === 8 ? (codes[index]! << 24) >> 24 : (codes[index >> 1]! >> (4 * (index & 1))) & 15;
      const y = new Float32Array(bytes!.buffer);
      let worst = 0;
      for (let m = 0; m < M; m++) {
        for (let n = 0; n < N; n++) {
          let sum = 0;
          let size = 0;
          for (let k = 0; k < K; k++) {
            const block = n * blocks + Math.floor(k / blockSize);
            const zero = hasZeros ? zeros[block]! : bits === 4 ? 8 : 0;
            const term = x[m * K + k]! * scales[block]! * (codeAt(n * K + k) - zero);
            sum += term;
            size += Math.abs(term);
          }
          worst = Math.max(worst, Math.abs(y[m * N + n]! - sum) / size);
        }
      }
      // Roundings of float32 (6e-8) beside the sum of magnitudes, a few deep in vectors of partial sums.
      expect(worst).toBeLessThan(1e-6);
    },
  );
});
