import type { Attributes, DType } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { cpu } from '../../backend.js';
import { erf } from '../../numbers/erf.js';
import { rounded, runCall, seeded, type TestInput, tensor } from '../../testing.js';

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const floats = ['f64', 'f32', 'f16', 'bf16'] as const;
type Float = (typeof floats)[number];

/** Half of a unit in the last place, and a little for another order of the doubles' arithmetic. */
const epsilons: Record<Float, number> = { f64: 1e-13, f32: 1.2e-7, f16: 1e-3, bf16: 8e-3 };
/** The smallest step near 0, where a result underflows. */
const steps: Record<Float, number> = { f64: 1e-300, f32: 1e-44, f16: 6e-8, bf16: 1e-40 };

function expectClose(
  got: readonly number[],
  expected: readonly number[],
  dtype: Float,
  cancellation = 0,
): void {
  expect(got.length).toBe(expected.length);
  got.forEach((value, index) => {
    const want = expected[index]!;
    if (!Number.isFinite(want)) expect(value).toBe(want);
    else {
      const tolerance = epsilons[dtype] * Math.abs(want) + steps[dtype] + cancellation;
      expect(Math.abs(value - want)).toBeLessThanOrEqual(tolerance);
    }
  });
}

async function run(
  op: string,
  inputs: readonly TestInput[],
  attributes: Attributes = {},
  output: { dtype: DType; shape: readonly number[] } = inputs[0]!,
): Promise<number[]> {
  const { dtype, shape } = output;
  const device = await cpu().open();
  return (await runCall(device, { op, inputs, outputs: [{ dtype, shape }], attributes }))[0]!;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

describe('activations', () => {
  const definitions: readonly [string, Attributes, (x: number) => number][] = [
    ['silu', {}, (x) => x * sigmoid(x)],
    ['gelu', { approximate: 'none' }, (x) => (x * (1 + erf(x / Math.SQRT2))) / 2],
    [
      'gelu',
      { approximate: 'tanh' },
      (x) => (x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)))) / 2,
    ],
    ['softplus', {}, (x) => (x > 30 ? x : Math.log1p(Math.exp(x)))],
  ];

  it.each(definitions)('%s %j', async (op, attributes, definition) => {
    // 1 + erf and 1 + tanh cancel on the far left: what is left there is a few units of the double 1.
    const cancellation = op === 'gelu' ? 1e-14 : 0;
    for (const dtype of floats) {
      for (const count of [0, 1, 31, 257]) {
        const values = rounded(
          dtype,
          seeded(count).map((x) => 4 * x),
        );
        expectClose(
          await run(op, [tensor(dtype, [count], values)], attributes),
          values.map(definition),
          dtype,
          cancellation,
        );
      }
      const view = rounded(dtype, seeded(12));
      const got = await run(op, [tensor(dtype, [3, 4], view, 'transposed')], attributes);
      expectClose(got, view.map(definition), dtype, cancellation);
    }
  });

  it('stays finite and exact far out', async () => {
    const x = tensor('f32', [4], [1000, -1000, 88, -90]);
    expect(await run('softplus', [x])).toEqual([1000, 0, 88, Math.fround(Math.exp(-90))]);
    const silu = await run('silu', [x]);
    expect(silu[0]).toBe(1000);
    expect(silu[1]! + 0).toBe(0);
  });

  it('swiglu', async () => {
    for (const dtype of floats) {
      const gate = rounded(dtype, seeded(33, 1));
      const up = rounded(dtype, seeded(33, 2));
      const expected = gate.map((x, index) => x * sigmoid(x) * up[index]!);
      expectClose(await run('swiglu', [tensor(dtype, [33], gate), tensor(dtype, [33], up)]), expected, dtype);
    }
  });
});

describe('softmax and logSoftmax', () => {
  it.each(floats)('match the definition in %s', async (dtype) => {
    for (const width of [1, 31, 33, 257]) {
      const values = rounded(
        dtype,
        seeded(3 * width).map((x) => 3 * x),
      );
      const soft: number[] = [];
      const log: number[] = [];
      for (let row = 0; row < 3; row++) {
        const own = values.slice(row * width, (row + 1) * width);
        const total = own.reduce((sum, x) => sum + Math.exp(x), 0);
        soft.push(...own.map((x) => Math.exp(x) / total));
        log.push(...own.map((x) => x - Math.log(total)));
      }
      const input = tensor(dtype, [3, width], values);
      expectClose(await run('softmax', [input]), soft, dtype);
      const got = await run('logSoftmax', [input]);
      // Absolute: x − log Σ cancels where a probability is near 1.
      got.forEach((value, index) => {
        expect(Math.abs(value - log[index]!)).toBeLessThanOrEqual(
          epsilons[dtype] * (1 + Math.abs(log[index]!)),
        );
      });
    }
  });

  it('neither overflow nor divide by 0', async () => {
    const rows = [1e4, 1e4, -infinity, -infinity, -infinity, -infinity, 0, nan, 0];
    const got = await run('softmax', [tensor('f32', [3, 3], rows)]);
    expect(got).toEqual([0.5, 0.5, 0, 0, 0, 0, nan, nan, nan]);
    expect((await run('logSoftmax', [tensor('f32', [1, 2], [0, -1e4])]))[1]).toBe(-1e4);
    expect(await run('softmax', [tensor('f32', [2, 0], [])])).toEqual([]);
  });
});

describe('norms', () => {
  it.each(floats)('rmsNorm in %s', async (dtype) => {
    for (const width of [1, 31, 257]) {
      const x = rounded(dtype, seeded(2 * width, 1));
      const weight = rounded(dtype, seeded(width, 2));
      const expected = x.map((value, index) => {
        const row = Math.floor(index / width);
        const own = x.slice(row * width, (row + 1) * width);
        const square = own.reduce((sum, v) => sum + v * v, 0) / width;
        return (value / Math.sqrt(square + 1e-5)) * weight[index % width]!;
      });
      const inputs = [tensor(dtype, [2, width], x), tensor(dtype, [width], weight)];
      expectClose(await run('rmsNorm', inputs, { epsilon: 1e-5 }), expected, dtype);
    }
  });

  it('rmsNorm works in place, and with a weight of another dtype', async () => {
    const device = await cpu().open();
    const call = {
      op: 'rmsNorm',
      inputs: [tensor('bf16', [1, 2], [3, 3]), tensor('f32', [2], [1, 2])],
      outputs: [{ dtype: 'bf16', shape: [1, 2] } as const],
      attributes: { epsilon: 0 },
    };
    expect(await runCall(device, { ...call, inPlace: [[0, 0]] })).toEqual([[1, 2]]);
  });

  it.each(floats)('gatedRmsNorm in %s, in groups, gated before or after', async (dtype) => {
    for (const groups of [1, 3]) {
      for (const normBeforeGate of [false, true]) {
        const width = 33;
        const x = rounded(dtype, seeded(2 * width, 1));
        const gate = rounded(dtype, seeded(2 * width, 2));
        const weight = rounded(dtype, seeded(width, 3));
        const gated = x.map((v, i) => (normBeforeGate ? v : v * gate[i]! * sigmoid(gate[i]!)));
        const size = width / groups;
        const expected = gated.map((value, index) => {
          const start = Math.floor(index / size) * size;
          const square = gated.slice(start, start + size).reduce((sum, v) => sum + v * v, 0) / size;
          const normed = (value / Math.sqrt(square + 1e-5)) * weight[index % width]!;
          return normBeforeGate ? normed * gate[index]! * sigmoid(gate[index]!) : normed;
        });
        const inputs = [
          tensor(dtype, [2, width], x),
          tensor(dtype, [2, width], gate),
          tensor(dtype, [width], weight),
        ];
        const got = await run('gatedRmsNorm', inputs, { epsilon: 1e-5, groups, normBeforeGate });
        expectClose(got, expected, dtype);
      }
    }
  });

  it.each(floats)('layerNorm in %s, with and without bias', async (dtype) => {
    for (const width of [1, 31, 257]) {
      const x = rounded(dtype, seeded(2 * width, 1));
      const weight = rounded(dtype, seeded(width, 2));
      const bias = rounded(dtype, seeded(width, 3));
      for (const hasBias of [false, true]) {
        const expected = x.map((value, index) => {
          const row = Math.floor(index / width);
          const own = x.slice(row * width, (row + 1) * width);
          const mean = own.reduce((sum, v) => sum + v, 0) / width;
          const variance = own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / width;
          const column = index % width;
          return (
            ((value - mean) / Math.sqrt(variance + 1e-5)) * weight[column]! + (hasBias ? bias[column]! : 0)
          );
        });
        const inputs = [tensor(dtype, [2, width], x), tensor(dtype, [width], weight)];
        const all = hasBias ? [...inputs, tensor(dtype, [width], bias)] : inputs;
        const got = await run('layerNorm', all, { epsilon: 1e-5 });
        // Absolute: the bias can cancel the rest.
        got.forEach((value, index) => {
          expect(Math.abs(value - expected[index]!)).toBeLessThanOrEqual(epsilons[dtype] * 5);
        });
      }
    }
  });

  it('layerNorm keeps a small variance around a large mean', async () => {
    const inputs = [tensor('f32', [1, 2], [10000, 10001]), tensor('f32', [2], [1, 1])];
    expect(await run('layerNorm', inputs, { epsilon: 0 })).toEqual([-1, 1]);
  });
});

describe('crossEntropy', () => {
  it.each(floats)('is the negative log likelihood in %s, and 0 outside the vocabulary', async (dtype) => {
    const width = 31;
    const logits = rounded(
      dtype,
      seeded(4 * width).map((x) => 3 * x),
    );
    const targets = [5, 30, -1, 31];
    const expected = targets.map((target, row) => {
      if (target < 0 || target >= width) return 0;
      const own = logits.slice(row * width, (row + 1) * width);
      return Math.log(own.reduce((sum, x) => sum + Math.exp(x), 0)) - own[target]!;
    });
    const inputs = [tensor(dtype, [4, width], logits), tensor('i32', [4], targets)];
    expectClose(await run('crossEntropy', inputs, {}, { dtype: 'f32', shape: [4] }), expected, 'f32');
  });

  it('does not overflow', async () => {
    const inputs = [tensor('f32', [1, 2], [1e4, 0]), tensor('i32', [1], [1])];
    expect(await run('crossEntropy', inputs, {}, { dtype: 'f32', shape: [1] })).toEqual([1e4]);
  });
});

describe('topK', () => {
  it.each(floats)('takes the first of equals, largest first, in %s', async (dtype) => {
    const device = await cpu().open();
    const [values, indices] = await runCall(device, {
      op: 'topK',
      inputs: [tensor(dtype, [2, 5], [1, 3, 3, 2, 3, nan, 0, infinity, -1, 0])],
      outputs: [
        { dtype, shape: [2, 3] },
        { dtype: 'i32', shape: [2, 3] },
      ],
      attributes: { k: 3 },
    });
    expect(values).toEqual([3, 3, 3, nan, infinity, 0]);
    expect(indices).toEqual([1, 2, 4, 0, 2, 1]);
  });
});
