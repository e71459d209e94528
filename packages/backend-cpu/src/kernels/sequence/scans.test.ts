import { type DType, elementCount } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { cpu } from '../../backend.js';
import { rounded, runCall, seeded, type TestInput, tensor } from '../../testing.js';
import { recurrentKernels, standardKernels } from '../index.js';

interface Ssd {
  readonly B: number;
  readonly T: number;
  readonly H: number;
  readonly P: number;
  readonly G: number;
  readonly N: number;
}

/** Scans as the recurrences that define them. */
const recurrentCpu = cpu({ kernels: [...recurrentKernels, ...standardKernels] });

const slots = [2, -1, 0, 7];
const S = 3;

interface Data {
  readonly x: number[];
  readonly dt: number[];
  readonly A: number[];
  readonly Bm: number[];
  readonly C: number[];
  readonly states: number[];
}

/** Seeded inputs; `dt` is 0 at some positions, as padding makes it. */
function ssdData({ B, T, H, P, G, N }: Ssd, dtype: DType, stateDtype: DType): Data {
  const dt = seeded(B * T * H, 2).map((value) => Math.max(0, Math.fround(value / 2)));
  return {
    x: rounded(dtype, seeded(B * T * H * P, 1)),
    dt,
    A: seeded(H, 3).map((value) => -Math.abs(value)),
    Bm: rounded(dtype, seeded(B * T * G * N, 4)),
    C: rounded(dtype, seeded(B * T * G * N, 5)),
    states: rounded(stateDtype, seeded(S * H * P * N, 6)),
  };
}

/** The recurrence by its definition, in doubles. */
function ssdOracle({ B, T, H, P, G, N }: Ssd, data: Data): [number[], number[]] {
  const y = new Array<number>(B * T * H * P).fill(0);
  const states = [...data.states];
  for (let b = 0; b < B; b++) {
    const slot = slots[b]!;
    if (slot < 0 || slot >= S) continue;
    for (let t = 0; t < T; t++) {
      for (let h = 0; h < H; h++) {
        const dt = data.dt[(b * T + t) * H + h]!;
        const g = Math.floor((h * G) / H);
        for (let p = 0; p < P; p++) {
          const at = ((b * T + t) * H + h) * P + p;
          for (let n = 0; n < N; n++) {
            const map = ((b * T + t) * G + g) * N + n;
            const s = ((slot * H + h) * P + p) * N + n;
            states[s] = Math.exp(dt * data.A[h]!) * states[s]! + dt * data.x[at]! * data.Bm[map]!;
            y[at]! += data.C[map]! * states[s]!;
          }
        }
      }
    }
  }
  return [y, states];
}

function ssdInputs(
  { B, T, H, P, G, N }: Ssd,
  data: Data,
  dtypes: readonly [DType, DType],
  isStep: boolean,
): TestInput[] {
  const time = isStep ? [] : [T];
  const exact: DType = dtypes[0] === 'f64' ? 'f64' : 'f32';
  return [
    tensor(dtypes[0], [B, ...time, H, P], data.x),
    tensor(exact, [B, ...time, H], data.dt),
    tensor(exact, [H], data.A),
    tensor(dtypes[0], [B, ...time, G, N], data.Bm),
    tensor(dtypes[0], [B, ...time, G, N], data.C),
    tensor(dtypes[1], [S, H, P, N], data.states),
    tensor('i32', [B], slots.slice(0, B)),
  ];
}

async function ssd(
  op: 'ssdChunkScan' | 'ssdStep',
  sizes: Ssd,
  data: Data,
  dtypes: readonly [DType, DType],
  { isInPlace = true, chunkSize = 64, isRecurrent = false } = {},
): Promise<[number[], number[]]> {
  const inputs = ssdInputs(sizes, data, dtypes, op === 'ssdStep');
  const device = await (isRecurrent ? recurrentCpu : cpu()).open();
  const [y, states] = await runCall(device, {
    op,
    inputs,
    outputs: [inputs[0]!, inputs[5]!].map(({ dtype, shape }) => ({ dtype, shape })),
    attributes: op === 'ssdStep' ? {} : { chunkSize },
    ...(isInPlace ? { inPlace: [[1, 5] as const] } : {}),
  });
  return [y!, states!];
}

function expectNear(got: readonly number[], expected: readonly number[], tolerance: number): void {
  expect(got.length).toBe(expected.length);
  got.forEach((value, index) => {
    expect(Math.abs(value - expected[index]!)).toBeLessThanOrEqual(
      tolerance * (1 + Math.abs(expected[index]!)),
    );
  });
}

/** f32: the state is rounded at each of up to 33 positions; halves: once for y, once for the state. */
const tolerances: Partial<Record<DType, number>> = { f64: 1e-13, f32: 1e-6, f16: 1e-3, bf16: 8e-3 };

describe('ssdChunkScan and ssdStep', () => {
  const pairs: readonly (readonly [DType, DType])[] = [
    ['f64', 'f64'],
    ['f32', 'f32'],
    ['bf16', 'f32'],
    ['f32', 'bf16'],
    ['f16', 'f16'],
  ];

  it.each(pairs)('%s with states in %s match the definition; inactive rows are no-ops', async (...dtypes) => {
    for (const sizes of [
      { B: 4, T: 33, H: 6, P: 5, G: 2, N: 7 },
      { B: 1, T: 1, H: 1, P: 1, G: 1, N: 1 },
      { B: 2, T: 0, H: 2, P: 3, G: 1, N: 4 },
    ]) {
      const data = ssdData(sizes, dtypes[0], dtypes[1]);
      const [y, states] = ssdOracle(sizes, data);
      for (const options of [
        { chunkSize: 1 },
        { chunkSize: 8, isInPlace: false },
        { chunkSize: 64 },
        { isRecurrent: true },
      ]) {
        const got = await ssd('ssdChunkScan', sizes, data, dtypes, options);
        expectNear(got[0], y, tolerances[dtypes[0]]!);
        expectNear(got[1], states, tolerances[dtypes[1]]!);
      }
    }
  });

  it('as a recurrence gives the bits of one step after another', async () => {
    const sizes = { B: 3, T: 9, H: 4, P: 3, G: 2, N: 5 };
    const data = ssdData(sizes, 'f32', 'f32');
    const whole = await ssd('ssdChunkScan', sizes, data, ['f32', 'f32'], { isRecurrent: true });
    let states = data.states;
    const at = (values: readonly number[], t: number, width: number): number[] =>
      Array.from({ length: sizes.B }, (_, b) =>
        values.slice((b * sizes.T + t) * width, (b * sizes.T + t + 1) * width),
      ).flat();
    for (let t = 0; t < sizes.T; t++) {
      const { H, P, G, N } = sizes;
      const step = {
        ...data,
        x: at(data.x, t, H * P),
        dt: at(data.dt, t, H),
        Bm: at(data.Bm, t, G * N),
        C: at(data.C, t, G * N),
        states,
      };
      const [y, next] = await ssd('ssdStep', { ...sizes, T: 1 }, step, ['f32', 'f32']);
      expect(y).toEqual(at(whole[0], t, H * P));
      states = next;
    }
    expect(states).toEqual(whole[1]);
  });

  it('leaves the state alone where dt is 0, even beside an input that is not finite', async () => {
    const sizes = { B: 1, T: 1, H: 1, P: 1, G: 1, N: 2 };
    const data = {
      x: [Number.POSITIVE_INFINITY],
      dt: [0],
      A: [-1],
      Bm: [1, 1],
      C: [1, 1],
      states: [0, 0, 0, 0, 0.1, 0.2],
    };
    const [y, states] = await ssd('ssdStep', sizes, data, ['f32', 'f32']);
    expect(states).toEqual(rounded('f32', data.states));
    expect(y![0]).toBeCloseTo(0.3, 6);
  });
});

describe('selectiveScan and selectiveStep', () => {
  interface Selective {
    readonly B: number;
    readonly T: number;
    readonly D: number;
    readonly N: number;
  }

  function data({ B, T, D, N }: Selective, dtype: DType, stateDtype: DType): Data {
    return {
      x: rounded(dtype, seeded(B * T * D, 1)),
      dt: seeded(B * T * D, 2).map((value) => Math.max(0, Math.fround(value / 2))),
      A: seeded(D * N, 3).map((value) => -Math.abs(value)),
      Bm: rounded(dtype, seeded(B * T * N, 4)),
      C: rounded(dtype, seeded(B * T * N, 5)),
      states: rounded(stateDtype, seeded(S * D * N, 6)),
    };
  }

  function oracle(
    { B, T, D, N }: Selective,
    { x, dt, A, Bm, C, states: before }: Data,
  ): [number[], number[]] {
    const y = new Array<number>(B * T * D).fill(0);
    const states = [...before];
    for (let b = 0; b < B; b++) {
      const slot = slots[b]!;
      if (slot < 0 || slot >= S) continue;
      for (let t = 0; t < T; t++) {
        for (let d = 0; d < D; d++) {
          const at = (b * T + t) * D + d;
          for (let n = 0; n < N; n++) {
            const s = (slot * D + d) * N + n;
            const map = (b * T + t) * N + n;
            states[s] = Math.exp(dt[at]! * A[d * N + n]!) * states[s]! + dt[at]! * Bm[map]! * x[at]!;
            y[at]! += C[map]! * states[s]!;
          }
        }
      }
    }
    return [y, states];
  }

  async function run(
    op: 'selectiveScan' | 'selectiveStep',
    { B, T, D, N }: Selective,
    values: Data,
    dtypes: readonly [DType, DType],
    isRecurrent = false,
  ): Promise<[number[], number[]]> {
    const time = op === 'selectiveStep' ? [] : [T];
    const exact: DType = dtypes[0] === 'f64' ? 'f64' : 'f32';
    const device = await (isRecurrent ? recurrentCpu : cpu()).open();
    const xShape = [B, ...time, D];
    const [y, states] = await runCall(device, {
      op,
      inputs: [
        tensor(dtypes[0], xShape, values.x),
        tensor(exact, xShape, values.dt),
        tensor(exact, [D, N], values.A),
        tensor(dtypes[0], [B, ...time, N], values.Bm),
        tensor(dtypes[0], [B, ...time, N], values.C),
        tensor(dtypes[1], [S, D, N], values.states),
        tensor('i32', [B], slots.slice(0, B)),
      ],
      outputs: [
        { dtype: dtypes[0], shape: xShape },
        { dtype: dtypes[1], shape: [S, D, N] },
      ],
      inPlace: [[1, 5]],
    });
    expect(elementCount(xShape)).toBe(y!.length);
    return [y!, states!];
  }

  it.each([
    ['f64', 'f64'],
    ['f32', 'f32'],
    ['bf16', 'f32'],
    ['f32', 'bf16'],
    ['f16', 'f16'],
  ] as const)('%s with states in %s match the definition; inactive rows are no-ops', async (...dtypes) => {
    for (const sizes of [
      { B: 4, T: 33, D: 5, N: 7 },
      { B: 2, T: 150, D: 3, N: 4 },
      { B: 1, T: 1, D: 1, N: 1 },
      { B: 2, T: 0, D: 3, N: 4 },
    ]) {
      const values = data(sizes, dtypes[0], dtypes[1]);
      const [y, states] = oracle(sizes, values);
      for (const isRecurrent of [false, true]) {
        const got = await run('selectiveScan', sizes, values, dtypes, isRecurrent);
        expectNear(got[0], y, tolerances[dtypes[0]]!);
        expectNear(got[1], states, tolerances[dtypes[1]]!);
      }
    }
  });

  it('as a recurrence gives the bits of one step after another', async () => {
    const sizes = { B: 3, T: 9, D: 4, N: 5 };
    const values = data(sizes, 'f32', 'f32');
    const whole = await run('selectiveScan', sizes, values, ['f32', 'f32'], true);
    let { states } = values;
    const at = (list: readonly number[], t: number, width: number): number[] =>
      Array.from({ length: sizes.B }, (_, b) =>
        list.slice((b * sizes.T + t) * width, (b * sizes.T + t + 1) * width),
      ).flat();
    for (let t = 0; t < sizes.T; t++) {
      const { D, N } = sizes;
      const step = {
        x: at(values.x, t, D),
        dt: at(values.dt, t, D),
        A: values.A,
        Bm: at(values.Bm, t, N),
        C: at(values.C, t, N),
        states,
      };
      const [y, next] = await run('selectiveStep', { ...sizes, T: 1 }, step, ['f32', 'f32']);
      expect(y).toEqual(at(whole[0], t, D));
      states = next;
    }
    expect(states).toEqual(whole[1]);
  });
});
