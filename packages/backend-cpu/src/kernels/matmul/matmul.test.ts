import type { DType } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { cpu } from '../../backend.js';
import { rounded, runCall, seeded, type TestInput, tensor } from '../../testing.js';

/** Product of the rounded inputs in doubles, by the definition. */
function product(
  a: readonly number[],
  b: readonly number[],
  [batch, M, K, N]: readonly [number, number, number, number],
  { transposeA = false, transposeB = false } = {},
): number[] {
  const y: number[] = [];
  for (let z = 0; z < batch; z++) {
    for (let m = 0; m < M; m++) {
      for (let n = 0; n < N; n++) {
        let sum = 0;
        for (let k = 0; k < K; k++) {
          const left = a[z * M * K + (transposeA ? k * M + m : m * K + k)]!;
          const right = b[z * K * N + (transposeB ? n * K + k : k * N + n)]!;
          sum += left * right;
        }
        y.push(sum);
      }
    }
  }
  return y;
}

/** One rounding of the output, after sums in doubles. */
const epsilons: Record<string, number> = { f64: 1e-14, f32: 6e-8, f16: 5e-4, bf16: 4e-3 };

async function check(
  dtypes: readonly [DType, DType],
  sizes: readonly [number, number, number, number],
  flags: { transposeA?: boolean; transposeB?: boolean } = {},
  layouts: readonly [TestInput['layout'], TestInput['layout']] = [undefined, undefined],
): Promise<void> {
  const [batch, M, K, N] = sizes;
  const aValues = rounded(dtypes[0], seeded(batch * M * K, 1));
  const bValues = rounded(dtypes[1], seeded(batch * K * N, 2));
  const device = await cpu().open();
  const [y] = await runCall(device, {
    op: 'matmul',
    inputs: [
      tensor(dtypes[0], [batch, ...(flags.transposeA ? [K, M] : [M, K])], aValues, layouts[0]),
      tensor(dtypes[1], [batch, ...(flags.transposeB ? [N, K] : [K, N])], bValues, layouts[1]),
    ],
    outputs: [{ dtype: dtypes[0], shape: [batch, M, N] }],
    attributes: flags,
  });
  const expected = product(aValues, bValues, sizes, flags);
  const epsilon = epsilons[dtypes[0]]!;
  expect(y!.length).toBe(expected.length);
  // Cancellation can make a sum small beside its terms: 1e-13 · K covers the doubles' own rounding.
  y!.forEach((got, index) => {
    expect(Math.abs(got - expected[index]!)).toBeLessThanOrEqual(
      epsilon * Math.abs(expected[index]!) + 1e-13 * (K + 1),
    );
  });
}

describe('matmul', () => {
  it('refuses an integer operand and names it', async () => {
    const device = await cpu().open();
    const call = {
      op: 'matmul',
      inputs: [tensor('i32', [2, 2], []), tensor('i32', [2, 2], [])].map((type) => ({
        ...type,
        strides: [2, 1],
        offset: 0,
      })),
      outputs: [{ dtype: 'i32', shape: [2, 2] } as const],
      attributes: {},
    };
    expect(device.supports(call)).toMatchObject({
      supported: false,
      reason: expect.stringContaining('i32[2, 2]'),
    });
  });

  for (const M of [0, 1, 3, 5, 33]) {
    for (const [K, N] of [
      [0, 3],
      [1, 1],
      [31, 5],
      [33, 257],
      [64, 4],
    ] as const) {
      for (const transposeA of [false, true]) {
        for (const transposeB of [false, true]) {
          it(`[${M}, ${K}] × [${K}, ${N}]${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`, async () => {
            await check(['f32', 'f32'], [1, M, K, N], { transposeA, transposeB });
            await check(['f32', 'bf16'], [1, M, K, N], { transposeA, transposeB });
          });
        }
      }
    }
  }

  it('multiplies every batch element, in every dtype and pairing', async () => {
    const pairs: readonly [DType, DType][] = [
      ['f32', 'f32'],
      ['f64', 'f64'],
      ['f16', 'f16'],
      ['bf16', 'bf16'],
      ['f32', 'f16'],
      ['f32', 'bf16'],
    ];
    for (const pair of pairs) {
      for (const M of [2, 7]) {
        await check(pair, [3, M, 33, 9], { transposeB: true });
        await check(pair, [3, M, 33, 9]);
      }
    }
  });

  it('takes views without a copy', async () => {
    for (const M of [2, 9]) {
      await check(['f32', 'f32'], [2, M, 31, 6], {}, ['transposed', 'transposed']);
      await check(['f32', 'f32'], [2, M, 31, 6], { transposeB: true }, ['offset', 'transposed']);
      await check(['bf16', 'bf16'], [1, M, 31, 6], {}, ['transposed', 'offset']);
    }
  });

  it('asks for a copy of a half b whose neighbours lie along neither axis', async () => {
    const device = await cpu().open();
    const support = device.supports({
      op: 'matmul',
      inputs: [
        { dtype: 'f32', shape: [1, 4], strides: [4, 1], offset: 0 },
        { dtype: 'bf16', shape: [4, 4], strides: [8, 2], offset: 0 },
      ],
      outputs: [{ dtype: 'f32', shape: [1, 4] }],
      attributes: {},
    });
    expect(support).toMatchObject({ supported: true, acceptsStrided: false });
  });

  it('reads a broadcast batch of b once per element of a', async () => {
    const a = seeded(2 * 5 * 3, 1);
    const b = seeded(3 * 4, 2);
    const device = await cpu().open();
    const [y] = await runCall(device, {
      op: 'matmul',
      inputs: [tensor('f32', [2, 5, 3], a), tensor('f32', [2, 3, 4], b, 'expanded')],
      outputs: [{ dtype: 'f32', shape: [2, 5, 4] }],
    });
    const expected = product(a, [...b, ...b], [2, 5, 3, 4]);
    // 1e-6: one rounding to float32 of sums of about ten.
    y!.forEach((got, index) => {
      expect(Math.abs(got - expected[index]!)).toBeLessThan(1e-6);
    });
  });
});
