import type { DType } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { cpu } from '../../backend.js';
import { rounded, runCall, seeded, tensor } from '../../testing.js';

const floats = ['f64', 'f32', 'f16', 'bf16'] as const;
/** One rounding of a result of size about 1, after arithmetic in doubles. */
const tolerances: Record<(typeof floats)[number], number> = { f64: 1e-13, f32: 2e-7, f16: 1e-3, bf16: 8e-3 };

function expectNear(got: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(got.length).toBe(expected.length);
  got.forEach((value, index) => {
    expect(Math.abs(value - expected[index]!)).toBeLessThanOrEqual(
      tolerance * (1 + Math.abs(expected[index]!)),
    );
  });
}

describe('rope', () => {
  it.each(floats)('turns pairs of %s and lets the rest pass', async (dtype) => {
    const [B, T, H, D, R] = [2, 3, 2, 10, 6];
    const x = rounded(dtype, seeded(B * T * H * D));
    const positions = [0, 1, 2, 4000, 4001, -1];
    const frequencies = rounded('f32', [1, 0.3, 0.01]);
    for (const interleaved of [false, true]) {
      const expected = [...x];
      for (let token = 0; token < B * T; token++) {
        for (let head = 0; head < H; head++) {
          for (let i = 0; i < R / 2; i++) {
            const angle = Math.fround(positions[token]! * frequencies[i]!);
            const start = (token * H + head) * D;
            const first = start + (interleaved ? 2 * i : i);
            const second = start + (interleaved ? 2 * i + 1 : i + R / 2);
            expected[first] = x[first]! * Math.cos(angle) - x[second]! * Math.sin(angle);
            expected[second] = x[second]! * Math.cos(angle) + x[first]! * Math.sin(angle);
          }
        }
      }
      const call = {
        op: 'rope',
        inputs: [
          tensor(dtype, [B, T, H, D], x),
          tensor('i32', [B, T], positions),
          tensor('f32', [R / 2], frequencies),
        ],
        outputs: [{ dtype, shape: [B, T, H, D] }],
        attributes: { interleaved },
      };
      const device = await cpu().open();
      expectNear((await runCall(device, call))[0]!, expected, tolerances[dtype]);
      const inPlace = await runCall(device, { ...call, inPlace: [[0, 0]] });
      expectNear(inPlace[0]!, expected, tolerances[dtype]);
    }
  });
});

describe('segmentSum', () => {
  it.each([0, 1, 5, 33])('sums every segment of a row of %d', async (T) => {
    const x = seeded(2 * T);
    const expected: number[] = [];
    for (let row = 0; row < 2; row++) {
      for (let i = 0; i < T; i++) {
        for (let j = 0; j < T; j++) {
          let sum = 0;
          for (let k = j + 1; k <= i; k++) sum += x[row * T + k]!;
          expected.push(j <= i ? Math.fround(sum) : Number.NEGATIVE_INFINITY);
        }
      }
    }
    const device = await cpu().open();
    const outputs = [{ dtype: 'f32', shape: [2, T, T] } as const];
    expect(await runCall(device, { op: 'segmentSum', inputs: [tensor('f32', [2, T], x)], outputs })).toEqual([
      expected,
    ]);
  });

  it('keeps short sums beside a huge one', async () => {
    const device = await cpu().open();
    const inputs = [tensor('f32', [1, 3], [1e20, 1, 2])];
    const [y] = await runCall(device, {
      op: 'segmentSum',
      inputs,
      outputs: [{ dtype: 'f32', shape: [1, 3, 3] }],
    });
    expect([y![3], y![6], y![7]]).toEqual([1, 3, 2]);
  });
});

describe('causalConv1d', () => {
  const slots = [1, -1, 2, 0];
  const S = 3;

  async function check(
    [T, C, K]: readonly [number, number, number],
    lengths: readonly number[],
    [dtype, tailDtype]: readonly [(typeof floats)[number], (typeof floats)[number]],
    activation: 'none' | 'silu',
  ): Promise<void> {
    const B = 4;
    const x = rounded(dtype, seeded(B * T * C, 1));
    const weight = rounded(dtype, seeded(C * K, 2));
    const bias = rounded(dtype, seeded(C, 3));
    const tails = rounded(tailDtype, seeded(S * (K - 1) * C, 4));
    const y = new Array<number>(B * T * C).fill(0);
    const newTails = [...tails];
    slots.forEach((slot, b) => {
      if (slot < 0) return;
      // Past and present in one list of positions.
      const input = (position: number, c: number): number =>
        position < 0 ? tails[(slot * (K - 1) + K - 1 + position) * C + c]! : x[(b * T + position) * C + c]!;
      for (let c = 0; c < C; c++) {
        for (let t = 0; t < T; t++) {
          let sum = bias[c]!;
          for (let k = 0; k < K; k++) sum += weight[c * K + k]! * input(t - K + 1 + k, c);
          y[(b * T + t) * C + c] = activation === 'silu' ? sum / (1 + Math.exp(-sum)) : sum;
        }
        for (let i = 0; i < K - 1; i++) {
          newTails[(slot * (K - 1) + i) * C + c] = input(lengths[b]! - (K - 1) + i, c);
        }
      }
    });
    const call = {
      op: 'causalConv1d',
      inputs: [
        tensor(dtype, [B, T, C], x),
        tensor(dtype, [C, K], weight),
        tensor(dtype, [C], bias),
        tensor(tailDtype, [S, K - 1, C], tails),
        tensor('i32', [B], slots),
        tensor('i32', [B], lengths),
      ],
      outputs: [
        { dtype, shape: [B, T, C] },
        { dtype: tailDtype, shape: [S, K - 1, C] },
      ] satisfies { dtype: DType; shape: number[] }[],
      attributes: { activation },
    };
    const device = await cpu().open();
    for (const inPlace of [[], [[1, 3] as const]]) {
      const [got, gotTails] = await runCall(device, { ...call, inPlace });
      // Sums of a few terms: 4 roundings of size 1.
      expectNear(got!, y, 4 * tolerances[dtype]);
      expect(gotTails).toEqual(rounded(tailDtype, newTails));
    }
  }

  it.each(floats)('matches the definition in %s, with padding and an inactive row', async (dtype) => {
    await check([33, 5, 4], [33, 5, 2, 0], [dtype, dtype], 'silu');
    await check([1, 7, 4], [1, 1, 0, 1], [dtype, dtype], 'none');
    await check([2, 3, 1], [2, 2, 1, 0], [dtype, dtype], 'none');
  });

  it('keeps the tail in another dtype than the input', async () => {
    await check([5, 3, 4], [5, 5, 3, 1], ['bf16', 'f32'], 'silu');
    await check([5, 3, 4], [5, 5, 3, 1], ['f32', 'bf16'], 'silu');
  });
});

describe('attention', () => {
  interface Case {
    readonly window: number;
    readonly ring: boolean;
    readonly C: number;
    readonly starts: readonly number[];
    readonly lengths: readonly number[];
  }

  async function check(
    [dtype, poolDtype]: readonly [(typeof floats)[number], (typeof floats)[number]],
    { window, ring, C, starts, lengths }: Case,
    T: number,
  ): Promise<void> {
    const [B, Hq, D, S, Hkv, Dv] = [3, 4, 6, 3, 2, 5];
    const slots = [2, 5, 0];
    const q = rounded(dtype, seeded(B * T * Hq * D, 1));
    const k = rounded(poolDtype, seeded(S * C * Hkv * D, 2));
    const v = rounded(poolDtype, seeded(S * C * Hkv * Dv, 3));
    const y = new Array<number>(B * T * Hq * Dv).fill(0);
    slots.forEach((slot, b) => {
      if (slot >= S) return;
      for (let t = 0; t < T; t++) {
        for (let h = 0; h < Hq; h++) {
          const head = Math.floor((h * Hkv) / Hq);
          const position = starts[b]! + t;
          const visible: { row: number; score: number }[] = [];
          for (let j = 0; j < lengths[b]!; j++) {
            const isKept = !ring || j >= lengths[b]! - C;
            if (!isKept || j > position || (window > 0 && j <= position - window)) continue;
            const row = (slot * C + (j % C)) * Hkv + head;
            let score = 0;
            for (let d = 0; d < D; d++) score += q[((b * T + t) * Hq + h) * D + d]! * k[row * D + d]!;
            visible.push({ row, score: 0.5 * score });
          }
          const total = visible.reduce((sum, { score }) => sum + Math.exp(score), 0);
          for (const { row, score } of visible) {
            for (let d = 0; d < Dv; d++) {
              y[((b * T + t) * Hq + h) * Dv + d]! += (Math.exp(score) / total) * v[row * Dv + d]!;
            }
          }
        }
      }
    });
    const device = await cpu().open();
    const [got] = await runCall(device, {
      op: 'attention',
      inputs: [
        tensor(dtype, [B, T, Hq, D], q),
        tensor(poolDtype, [S, C, Hkv, D], k),
        tensor(poolDtype, [S, C, Hkv, Dv], v),
        tensor('i32', [B], slots),
        tensor('i32', [B], starts),
        tensor('i32', [B], lengths),
      ],
      outputs: [{ dtype, shape: [B, T, Hq, Dv] }],
      attributes: { scale: 0.5, window, ring },
    });
    expectNear(got!, y, tolerances[dtype]);
  }

  const pairs = [
    ['f64', 'f64'],
    ['f32', 'f32'],
    ['f16', 'f16'],
    ['bf16', 'bf16'],
    ['f32', 'bf16'],
  ] as const;

  it.each(pairs)('%s over a cache in %s: decoding, prefill, padding', async (...dtypes) => {
    await check(dtypes, { window: 0, ring: false, C: 8, starts: [7, 3, 0], lengths: [8, 4, 1] }, 1);
    await check(dtypes, { window: 0, ring: false, C: 33, starts: [0, 3, 20], lengths: [5, 8, 25] }, 5);
    // Padded queries reach beyond the length.
    await check(dtypes, { window: 0, ring: false, C: 8, starts: [0, 0, 4], lengths: [2, 0, 6] }, 4);
  });

  it.each(pairs)('%s over a cache in %s: a window, and a ring', async (...dtypes) => {
    await check(dtypes, { window: 3, ring: false, C: 16, starts: [0, 0, 9], lengths: [4, 4, 13] }, 4);
    await check(dtypes, { window: 3, ring: true, C: 8, starts: [20, 0, 5], lengths: [24, 4, 9] }, 4);
    // A ring without a window forgets all but the last C.
    await check(dtypes, { window: 0, ring: true, C: 6, starts: [10, 0, 5], lengths: [11, 1, 6] }, 1);
    await check(dtypes, { window: 5, ring: true, C: 6, starts: [100, 0, 0], lengths: [101, 1, 1] }, 1);
  });

  it('gives zeros where no key is visible', async () => {
    await check(['f32', 'f32'], { window: 0, ring: false, C: 4, starts: [0, 0, -2], lengths: [0, 0, 4] }, 2);
    await check(['f32', 'bf16'], { window: 2, ring: false, C: 4, starts: [9, 0, 0], lengths: [4, 0, 0] }, 2);
  });
});
