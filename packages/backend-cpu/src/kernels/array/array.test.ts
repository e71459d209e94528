import { type Attributes, type DType, hostArray } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { cpu } from '../../backend.js';
import { philox, unitFloat } from '../../numbers/philox.js';
import { rounded, runCall, seeded, type TestInput, tensor } from '../../testing.js';

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const floats = ['f64', 'f32', 'f16', 'bf16'] as const;
const everyDType = [...floats, 'i32', 'u32', 'i8', 'u8', 'bool'] as const;

async function run(
  op: string,
  inputs: readonly TestInput[],
  output: { dtype: DType; shape: readonly number[] },
  attributes: Attributes = {},
): Promise<number[]> {
  const device = await cpu().open();
  return (await runCall(device, { op, inputs, outputs: [output], attributes }))[0]!;
}

describe('sum and max', () => {
  /** Folds over axes by the definition. */
  function reduced(
    values: readonly number[],
    shape: readonly [number, number, number],
    axes: readonly number[],
    fold: (sum: number, value: number) => number,
    initial: number,
  ): number[] {
    const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    const y = new Array<number>(kept[0]! * kept[1]! * kept[2]!).fill(initial);
    for (let i = 0; i < values.length; i++) {
      const at = [Math.floor(i / (shape[1] * shape[2])), Math.floor(i / shape[2]) % shape[1], i % shape[2]];
      const [a, b, c] = at.map((position, axis) => (axes.includes(axis) ? 0 : position));
      const to = (a! * kept[1]! + b!) * kept[2]! + c!;
      y[to] = fold(y[to]!, values[i]!);
    }
    return y;
  }

  for (const axes of [[], [0], [1], [2], [0, 1], [0, 2], [1, 2], [0, 1, 2]]) {
    it(`reduces axes ${axes.join(', ') || 'none'} of every layout and dtype`, async () => {
      for (const shape of [
        [3, 31, 5],
        [1, 1, 257],
        [2, 0, 3],
      ] as const) {
        const outShape = shape.filter((_, axis) => !axes.includes(axis));
        for (const dtype of [...floats, 'i32'] as const) {
          const count = shape[0] * shape[1] * shape[2];
          const values = rounded(
            dtype,
            seeded(count).map((value) => (dtype === 'i32' ? value * 1e6 : value)),
          );
          for (const layout of [undefined, 'transposed'] as const) {
            const input = tensor(dtype, shape, values, layout);
            const sum = await run('sum', [input], { dtype, shape: outShape }, { axes });
            const expected = rounded(
              dtype,
              reduced(values, shape, axes, (a, b) => a + b, 0),
            );
            // 1e-12: the order of the additions of doubles; it may move a rounding by one place of the dtype.
            const place = { f64: 0, f32: 1.2e-7, f16: 1e-3, bf16: 8e-3, i32: 0 }[dtype];
            sum.forEach((got, index) => {
              const want = expected[index]!;
              expect(Math.abs(got - want)).toBeLessThanOrEqual(place * Math.abs(want) + 1e-12);
            });
            const initial = dtype === 'i32' ? -(2 ** 31) : -infinity;
            expect(await run('max', [input], { dtype, shape: outShape }, { axes })).toEqual(
              reduced(values, shape, axes, Math.max, initial),
            );
          }
        }
      }
    });
  }

  it('sums to 0 over nothing, and to the smallest number of max', async () => {
    const empty = tensor('f32', [2, 0], []);
    expect(await run('sum', [empty], { dtype: 'f32', shape: [2] }, { axes: [1] })).toEqual([0, 0]);
    expect(await run('max', [empty], { dtype: 'f32', shape: [2] }, { axes: [1] })).toEqual([
      -infinity,
      -infinity,
    ]);
    const integers = tensor('i32', [0], []);
    expect(await run('max', [integers], { dtype: 'i32', shape: [] }, { axes: [0] })).toEqual([-(2 ** 31)]);
  });

  it('lets NaN through', async () => {
    const input = tensor('f16', [2, 3], [1, nan, 2, 3, 4, 5]);
    expect(await run('max', [input], { dtype: 'f16', shape: [2] }, { axes: [1] })).toEqual([nan, 5]);
    expect(await run('max', [input], { dtype: 'f16', shape: [3] }, { axes: [0] })).toEqual([3, nan, 5]);
  });

  it('sums a broadcast operand without expanding it', async () => {
    const input = tensor('f32', [1000, 2], [0.1, -3], 'expanded');
    const expected = rounded('f32', [1000 * Math.fround(0.1), -3000]);
    // 1e-7: one place of float32, for a thousand additions of doubles.
    const got = await run('sum', [input], { dtype: 'f32', shape: [2] }, { axes: [0] });
    got.forEach((value, index) => {
      expect(Math.abs(value / expected[index]! - 1)).toBeLessThan(1e-7);
    });
  });
});

describe('argmax', () => {
  it.each(floats)('takes the first of equals and counts NaN as largest in %s', async (dtype) => {
    const rows = [
      [1, 3, 3, 2],
      [nan, 9, nan, 1],
      [1, 9, nan, infinity],
      [-infinity, -infinity, -infinity, -infinity],
      [-0, 0, 0, -0],
    ];
    const input = tensor(dtype, [5, 4], rows.flat());
    expect(await run('argmax', [input], { dtype: 'i32', shape: [5] })).toEqual([1, 0, 2, 0, 0]);
  });
});

describe('cumulativeSum', () => {
  it.each([
    [0, false, [1, 2, 3, 5, 7, 9]],
    [1, false, [1, 3, 6, 4, 9, 15]],
    [0, true, [5, 7, 9, 4, 5, 6]],
    [1, true, [6, 5, 3, 15, 11, 6]],
  ])('sums along axis %d, reverse %s', async (axis, reverse, expected) => {
    for (const dtype of [...floats, 'i32'] as const) {
      const input = tensor(dtype, [2, 3], [1, 2, 3, 4, 5, 6]);
      expect(await run('cumulativeSum', [input], { dtype, shape: [2, 3] }, { axis, reverse })).toEqual(
        expected,
      );
    }
  });

  it('rounds each sum once, not the running one', async () => {
    const values = new Array<number>(257).fill(rounded('bf16', [0.1])[0]!);
    const got = await run(
      'cumulativeSum',
      [tensor('bf16', [257], values)],
      { dtype: 'bf16', shape: [257] },
      {
        axis: 0,
        reverse: false,
      },
    );
    expect(got[256]).toBe(rounded('bf16', [257 * values[0]!])[0]);
  });
});

describe('sort', () => {
  const sort = async (
    dtype: DType,
    shape: readonly number[],
    values: readonly number[],
    descending: boolean,
  ): Promise<number[][]> =>
    runCall(await cpu().open(), {
      op: 'sort',
      inputs: [tensor(dtype, shape, values)],
      outputs: [
        { dtype, shape },
        { dtype: 'i32', shape },
      ],
      attributes: { descending },
    });

  it('is stable, and puts NaN above infinity, both ways', async () => {
    const values = [2, nan, 0, -0, infinity, 2, -infinity, nan];
    for (const dtype of floats) {
      const up = await sort(dtype, [8], values, false);
      expect(up[1]).toEqual([6, 2, 3, 0, 5, 4, 1, 7]);
      expect(up[0]).toEqual([-infinity, 0, -0, 2, 2, infinity, nan, nan]);
      const down = await sort(dtype, [8], values, true);
      expect(down[1]).toEqual([1, 7, 4, 0, 5, 2, 3, 6]);
    }
  });

  it.each([0, 1, 31, 33, 257])('sorts rows of %d', async (n) => {
    // Few distinct values, so that stability shows.
    const values = seeded(3 * n).map((value) => Math.round(value * 4));
    for (const descending of [false, true]) {
      const [sorted, indices] = await sort('f32', [3, n], values, descending);
      for (let row = 0; row < 3; row++) {
        const own = values.slice(row * n, (row + 1) * n);
        const order = own
          .map((_, index) => index)
          .sort((i, j) => (descending ? own[j]! - own[i]! : own[i]! - own[j]!) || i - j);
        expect(indices!.slice(row * n, (row + 1) * n)).toEqual(order);
        expect(sorted!.slice(row * n, (row + 1) * n)).toEqual(order.map((index) => own[index]));
      }
    }
  });
});

describe('rows by index', () => {
  const table = [1, 2, 3, 4, 5, 6];

  it.each(everyDType)('gathers %s, zeros for an index outside', async (dtype) => {
    const values = dtype === 'bool' ? [1, 0, 1, 1, 0, 0] : table;
    const indices = tensor('i32', [2, 2], [2, -1, 0, 3]);
    const got = await run('gatherRows', [tensor(dtype, [3, 2], values), indices], {
      dtype,
      shape: [2, 2, 2],
    });
    expect(got).toEqual([values[4], values[5], 0, 0, values[0], values[1], 0, 0]);
  });

  it('gathers wide rows, from a table that begins later, and from none', async () => {
    const values = seeded(5 * 257);
    const got = await run(
      'gatherRows',
      [tensor('f32', [5, 257], values, 'offset'), tensor('i32', [1], [3])],
      { dtype: 'f32', shape: [1, 257] },
    );
    expect(got).toEqual(values.slice(3 * 257, 4 * 257));
    const none = [tensor('f32', [0, 2], []), tensor('i32', [1], [0])];
    expect(await run('gatherRows', none, { dtype: 'f32', shape: [1, 2] })).toEqual([0, 0]);
  });

  it.each(everyDType)('writes %s, in place or not, and skips an index outside', async (dtype) => {
    const values = dtype === 'bool' ? [1, 0, 1, 1, 0, 0] : table;
    const rows = dtype === 'bool' ? [0, 1, 1, 1, 0, 1] : [7, 8, 9, 10, 11, 12];
    const call = {
      op: 'writeRows',
      inputs: [tensor(dtype, [3, 2], values), tensor('i32', [3], [2, -1, 0]), tensor(dtype, [3, 2], rows)],
      outputs: [{ dtype, shape: [3, 2] }],
    };
    const expected = [rows[4], rows[5], values[2], values[3], rows[0], rows[1]];
    const device = await cpu().open();
    expect(await runCall(device, call)).toEqual([expected]);
    expect(await runCall(device, { ...call, inPlace: [[0, 0]] })).toEqual([expected]);
  });

  it.each(['f32', 'f64', 'i32'] as const)('adds %s in order, also twice to one row', async (dtype) => {
    const call = {
      op: 'scatterAddRows',
      inputs: [
        tensor(dtype, [3, 2], table),
        tensor('i32', [4], [1, 5, 1, -1]),
        tensor(dtype, [4, 2], [10, 20, 1, 1, 100, 200, 1, 1]),
      ],
      outputs: [{ dtype, shape: [3, 2] }],
    };
    const device = await cpu().open();
    expect(await runCall(device, call)).toEqual([[1, 2, 113, 224, 5, 6]]);
    expect(await runCall(device, { ...call, inPlace: [[0, 0]] })).toEqual([[1, 2, 113, 224, 5, 6]]);
  });
});

describe('copies', () => {
  it.each(everyDType)('copies, joins and pads views of %s', async (dtype) => {
    const values = dtype === 'bool' ? [1, 0, 1, 1, 0, 0] : [1, 2, 3, 4, 5, 6];
    const [a, b, c, d, e, f] = values;
    for (const layout of [undefined, 'offset', 'transposed'] as const) {
      const x = tensor(dtype, [2, 3], values, layout);
      expect(await run('copy', [x], { dtype, shape: [2, 3] })).toEqual(values);
      expect(await run('concat', [x, x], { dtype, shape: [4, 3] }, { axis: 0 })).toEqual([
        ...values,
        ...values,
      ]);
      const narrow = tensor(dtype, [2, 1], [1, 1]);
      const empty = tensor(dtype, [2, 0], []);
      expect(await run('concat', [x, empty, narrow], { dtype, shape: [2, 4] }, { axis: 1 })).toEqual([
        a,
        b,
        c,
        1,
        d,
        e,
        f,
        1,
      ]);
      const attributes = { before: [0, 1], after: [1, 0], value: 1 };
      expect(await run('pad', [x], { dtype, shape: [3, 4] }, attributes)).toEqual([
        1,
        a,
        b,
        c,
        1,
        d,
        e,
        f,
        1,
        1,
        1,
        1,
      ]);
    }
  });

  it('copies a broadcast row and a scalar', async () => {
    const row = tensor('bf16', [3, 2], [1, 2], 'expanded');
    expect(await run('copy', [row], { dtype: 'bf16', shape: [3, 2] })).toEqual([1, 2, 1, 2, 1, 2]);
    expect(await run('copy', [tensor('f32', [], [4])], { dtype: 'f32', shape: [] })).toEqual([4]);
  });

  it('copies long runs as blocks', async () => {
    const values = seeded(3 * 257);
    const x = tensor('f32', [3, 257], values);
    const joined = await run('concat', [x, x], { dtype: 'f32', shape: [3, 514] }, { axis: 1 });
    expect(joined.slice(514, 771)).toEqual(values.slice(257, 514));
  });
});

describe('making', () => {
  it.each(everyDType)('fills with a value of %s', async (dtype) => {
    const filled = async (value: number): Promise<number> =>
      (await run('fill', [], { dtype, shape: [3] }, { value }))[2]!;
    expect(await filled(1)).toBe(1);
    const isInteger = !floats.includes(dtype as 'f32') && dtype !== 'bool';
    const [low] = { i32: [-(2 ** 31)], u32: [0], i8: [-128], u8: [0] }[dtype as 'i32'] ?? [];
    expect(await filled(-infinity)).toBe(isInteger ? low : dtype === 'bool' ? 1 : -infinity);
    expect(await run('fill', [], { dtype, shape: [0] }, { value: 1 })).toEqual([]);
  });

  it.each(['f32', 'i32', 'u32'] as const)('counts along an axis in %s', async (dtype) => {
    expect(await run('iota', [], { dtype, shape: [2, 3] }, { axis: 1 })).toEqual([0, 1, 2, 0, 1, 2]);
    expect(await run('iota', [], { dtype, shape: [2, 3] }, { axis: 0 })).toEqual([0, 0, 0, 1, 1, 1]);
    expect(await run('iota', [], { dtype, shape: [2, 0] }, { axis: 0 })).toEqual([]);
  });

  it('draws the documented words and floats', async () => {
    const rows = [
      [0xa4093822, 0x299f31d0, 7, 9, 1],
      [1, 2, 3, 4, 5],
    ];
    const stream = tensor('u32', [2, 5], rows.flat());
    const words = await run('random', [stream], { dtype: 'u32', shape: [2, 6] });
    const unit = await run('random', [stream], { dtype: 'f32', shape: [2, 6] });
    const block = hostArray('u32', 4) as Uint32Array;
    rows.forEach(([low, high, sequence, position, purpose], row) => {
      for (let j = 0; j < 6; j++) {
        philox(low!, high!, [Math.floor(j / 4), position!, sequence!, purpose!], block);
        expect(words[row * 6 + j]).toBe(block[j % 4]);
        expect(unit[row * 6 + j]).toBe(unitFloat(block[j % 4]!));
      }
    });
  });
});
