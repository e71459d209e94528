import type { DType } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { cpu } from '../../backend.js';
import { erf } from '../../numbers/erf.js';
import { layOut, rounded, runCall, seeded, type TestInput, tensor } from '../../testing.js';

const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
const awkward = [0, -0, 1, -1, 0.5, -1.5, 2.7, 1e-8, -3e-5, 80, -80, infinity, -infinity, nan];

async function run(
  op: string,
  inputs: readonly TestInput[],
  dtype: DType = inputs[0]!.dtype,
): Promise<number[]> {
  const device = await cpu().open();
  const outputs = [{ dtype, shape: inputs[0]!.shape }];
  return (await runCall(device, { op, inputs, outputs }))[0]!;
}

function vector(dtype: DType, values: readonly number[], layout?: TestInput['layout']): TestInput {
  return tensor(dtype, [values.length], values, layout);
}

const unary: Record<string, (x: number) => number> = {
  neg: (x) => -x,
  abs: Math.abs,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  erf,
  sqrt: Math.sqrt,
  reciprocal: (x) => 1 / x,
  floor: Math.floor,
};

describe.each(Object.entries(unary))('%s', (op, definition) => {
  it.each(['f64', 'f32', 'f16', 'bf16'] as const)('is the function, rounded once to %s', async (dtype) => {
    const values = rounded(dtype, [...awkward, ...seeded(257)]);
    // Exactly: the oracle rounds the same double once.
    expect(await run(op, [vector(dtype, values)])).toEqual(rounded(dtype, values.map(definition)));
  });

  it('takes no elements, one element, and views', async () => {
    expect(await run(op, [tensor('f32', [0, 3], [])])).toEqual([]);
    const values = seeded(33 * 5);
    const expected = rounded('f32', values.map(definition));
    for (const layout of ['offset', 'transposed'] as const) {
      expect(await run(op, [tensor('f32', [33, 5], values, layout)])).toEqual(expected);
    }
    expect(await run(op, [tensor('bf16', [3, 1], [1], 'expanded')])).toEqual(
      rounded('bf16', [1, 1, 1].map(definition)),
    );
  });
});

const binary: Record<string, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  minimum: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? nan : Math.min(a, b)),
  maximum: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? nan : Math.max(a, b)),
};

describe.each(Object.entries(binary))('%s', (op, definition) => {
  it.each(['f64', 'f32', 'f16', 'bf16'] as const)('is the function, rounded once to %s', async (dtype) => {
    const pairs = awkward.flatMap((a) => awkward.map((b) => [a, b] as const));
    const a = rounded(dtype, [...pairs.map((pair) => pair[0]), ...seeded(31, 3)]);
    const b = rounded(dtype, [...pairs.map((pair) => pair[1]), ...seeded(31, 4)]);
    const expected = rounded(
      dtype,
      a.map((value, index) => definition(value, b[index]!)),
    );
    const got = await run(op, [vector(dtype, a), vector(dtype, b)]);
    // + 0: which zero minimum(0, −0) gives is not settled.
    expect(got.map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
  });

  it('broadcasts a row, a scalar, and a transposed operand', async () => {
    const a = seeded(33 * 4, 1);
    const row = seeded(4, 2);
    const expected = rounded(
      'f32',
      a.map((value, index) => definition(value, row[index % 4]!)),
    );
    const expanded = tensor('f32', [33, 4], row, 'expanded');
    for (const layout of [undefined, 'offset', 'transposed'] as const) {
      expect(await run(op, [tensor('f32', [33, 4], a, layout), expanded])).toEqual(expected);
    }
    const scalar = tensor('f32', [257], [3], 'expanded');
    const values = seeded(257);
    expect(await run(op, [vector('f32', values), scalar])).toEqual(
      rounded(
        'f32',
        values.map((value) => definition(value, 3)),
      ),
    );
  });
});

describe('pow', () => {
  it('follows IEEE 754 where JavaScript does not', async () => {
    const a = [2, -2, 1, -1, 0, 4, -8, 1];
    const b = [10, 3, nan, infinity, 0, 0.5, 1 / 3, -infinity];
    expect(await run('pow', [vector('f64', a), vector('f64', b)])).toEqual([1024, -8, 1, 1, 1, 2, nan, 1]);
  });
});

describe('integers', () => {
  const edges = [0, 1, -1, 7, -7, 2 ** 31 - 1, -(2 ** 31), 65537, -123456789];
  const pairs = edges.flatMap((a) => edges.map((b) => [a, b] as const));

  const ordered = (a: bigint, b: bigint): readonly [bigint, bigint] => (a < b ? [a, b] : [b, a]);

  /** The op in exact arithmetic, wrapped to 32 bits. */
  const exact: Record<string, (a: bigint, b: bigint) => bigint> = {
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    mul: (a, b) => a * b,
    div: (a, b) => (b === 0n ? 0n : a / b),
    bitAnd: (a, b) => a & b,
    bitOr: (a, b) => a | b,
    bitXor: (a, b) => a ^ b,
    shiftLeft: (a, b) => a << (b & 31n),
    shiftRight: (a, b) => a >> (b & 31n),
    minimum: (a, b) => ordered(a, b)[0],
    maximum: (a, b) => ordered(a, b)[1],
  };

  it.each(Object.entries(exact))('%s wraps to the exact low bits, on i32 and u32', async (op, definition) => {
    for (const dtype of ['i32', 'u32'] as const) {
      const wrap = (value: bigint): number =>
        Number(dtype === 'i32' ? BigInt.asIntN(32, value) : BigInt.asUintN(32, value));
      const a = pairs.map((pair) => wrap(BigInt(pair[0])));
      const b = pairs.map((pair) => wrap(BigInt(pair[1])));
      const expected = a.map((value, index) => wrap(definition(BigInt(value), BigInt(b[index]!))));
      expect(await run(op, [vector(dtype, a), vector(dtype, b)])).toEqual(expected);
    }
  });

  it('wraps neg and abs of the smallest i32', async () => {
    const values = [-(2 ** 31), 5, -5, 0];
    expect((await run('neg', [vector('i32', values)])).map((x) => x + 0)).toEqual([-(2 ** 31), -5, 5, 0]);
    expect(await run('abs', [vector('i32', values)])).toEqual([-(2 ** 31), 5, 5, 0]);
  });
});

describe('comparisons and logic', () => {
  it('compares floats: NaN with nothing, −0 as 0', async () => {
    const a = [1, 2, nan, 1, nan, -0, -infinity];
    const b = [2, 1, 1, nan, nan, 0, infinity];
    for (const dtype of ['f64', 'f32', 'f16', 'bf16'] as const) {
      expect(await run('less', [vector(dtype, a), vector(dtype, b)], 'bool')).toEqual([1, 0, 0, 0, 0, 0, 1]);
      expect(await run('equal', [vector(dtype, a), vector(dtype, b)], 'bool')).toEqual([0, 0, 0, 0, 0, 1, 0]);
    }
  });

  it.each(['i32', 'u32', 'i8', 'u8', 'bool'] as const)('compares %s', async (dtype) => {
    const inputs = [vector(dtype, [0, 1, 1, 0]), vector(dtype, [0, 0, 1, 1])];
    expect(await run('less', inputs, 'bool')).toEqual([0, 0, 0, 1]);
    expect(await run('equal', inputs, 'bool')).toEqual([1, 0, 1, 0]);
  });

  it('computes and, or, not', async () => {
    const inputs = [vector('bool', [0, 1, 1, 0]), vector('bool', [0, 0, 1, 1])];
    expect(await run('and', inputs)).toEqual([0, 0, 1, 0]);
    expect(await run('or', inputs)).toEqual([0, 1, 1, 1]);
    expect(await run('not', inputs.slice(0, 1))).toEqual([1, 0, 0, 1]);
  });

  it.each(['f64', 'f32', 'f16', 'bf16', 'i32', 'u32', 'i8', 'u8', 'bool'] as const)(
    'selects %s, and ignores the branch not taken',
    async (dtype) => {
      const device = await cpu().open();
      const isFloating = ['f64', 'f32', 'f16', 'bf16'].includes(dtype);
      const inputs = [
        tensor('bool', [2, 3], [1, 0, 1, 0, 0, 1], 'transposed'),
        tensor(dtype, [2, 3], [1, isFloating ? nan : 0, 1, 0, 0, 1]),
        tensor(dtype, [2, 3], [0, 1, 0], 'expanded'),
      ];
      const [y] = await runCall(device, { op: 'select', inputs, outputs: [{ dtype, shape: [2, 3] }] });
      expect(y).toEqual([1, 1, 1, 0, 1, 1]);
    },
  );
});

describe('cast', () => {
  const cast = async (from: DType, to: DType, values: readonly number[]): Promise<number[]> =>
    run('cast', [vector(from, values)], to);

  it.each(['f64', 'f32', 'f16', 'bf16'] as const)('%s to integers truncates and saturates', async (from) => {
    const values = rounded(from, [2.75, -2.75, 300, -300, 6e4, -6e4, infinity, -infinity, nan, -0.5]);
    const limits = { i32: [-(2 ** 31), 2 ** 31 - 1], u32: [0, 2 ** 32 - 1], i8: [-128, 127], u8: [0, 255] };
    for (const [to, [low, high]] of Object.entries(limits)) {
      const expected = values.map((value) =>
        Number.isNaN(value) ? 0 : Math.min(Math.max(Math.trunc(value), low!), high!) + 0,
      );
      expect((await cast(from, to as DType, values)).map((value) => value + 0)).toEqual(expected);
    }
    expect(await cast(from, 'bool', [0, -0, 0.25, nan, infinity])).toEqual([0, 0, 1, 1, 1]);
  });

  it('rounds large floats to integers at the edges of the range', async () => {
    expect(await cast('f64', 'i32', [2147483647.5, 2147483648, -2147483648.9])).toEqual([
      2147483647, 2147483647, -2147483648,
    ]);
    expect(await cast('f64', 'u32', [4294967295.5, 4294967296, -1])).toEqual([4294967295, 4294967295, 0]);
  });

  it('wraps integers to integers', async () => {
    expect(await cast('i32', 'u8', [-1, 256, 511, 5])).toEqual([255, 0, 255, 5]);
    expect(await cast('u32', 'i32', [4294967295, 2147483648])).toEqual([-1, -2147483648]);
    expect(await cast('i32', 'bool', [0, 256, -1])).toEqual([0, 1, 1]);
  });

  it.each(['f64', 'f32', 'f16', 'bf16'] as const)('rounds once to %s from every dtype', async (to) => {
    // 2²⁴ + 1 and the like tell a single rounding from two.
    const values: Partial<Record<DType, readonly number[]>> = {
      f64: [1 + 2 ** -8 + 2 ** -40, 1 + 2 ** -11 + 2 ** -40, 0.1, 1e-9, 7e4, -infinity, nan],
      i32: [16777217, 257 * 65536 + 1, -1],
      u32: [4294967295, 8421505],
      bool: [0, 1],
      i8: [-128, 127],
    };
    for (const [from, list] of Object.entries(values)) {
      expect(await cast(from as DType, to, list)).toEqual(rounded(to, list));
    }
    for (const from of ['f32', 'f16', 'bf16'] as const) {
      const list = rounded(from, [...seeded(257), 1e-6, 7e4, infinity]);
      expect(await cast(from, to, list)).toEqual(rounded(to, list));
      expect(await run('cast', [tensor(from, [26, 10], list, 'transposed')], to)).toEqual(rounded(to, list));
    }
  });
});

describe('in place', () => {
  it('writes over an input of the same kind', async () => {
    const device = await cpu().open();
    const values = seeded(33);
    for (const dtype of ['f32', 'bf16'] as const) {
      const own = rounded(dtype, values);
      const inputs = [vector(dtype, own), vector(dtype, own)];
      const outputs = [{ dtype, shape: [33] }];
      for (const input of [0, 1]) {
        const [y] = await runCall(device, { op: 'sub', inputs, outputs, inPlace: [[0, input]] });
        expect(y).toEqual(new Array(33).fill(0));
      }
    }
  });

  it('does not offer an operand that is read again after it is overwritten', async () => {
    const device = await cpu().open();
    const { type } = layOut(tensor('f32', [2, 3], [1, 2, 3], 'expanded'));
    const plain = layOut(tensor('f32', [2, 3], [1, 2, 3, 4, 5, 6])).type;
    const call = { op: 'add', inputs: [type, plain], outputs: [plain], attributes: {} };
    expect(device.supports(call)).toMatchObject({ supported: true, inPlace: [[0, 1]] });
  });
});
