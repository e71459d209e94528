import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tensorOn, zerosOn } from '../graph/storage.js';
import type { Tensor } from '../graph/tensor.js';
import { transfer } from '../graph/transfer.js';
import { reshape } from '../graph/views.js';
import { add, cast, fill, mul, neg } from '../ops/index.js';
import { readback } from '../run/readback.js';
import { compile } from './compile.js';

let device: Device;
let other: Device;
beforeAll(async () => {
  device = await cpu().open();
  other = await cpu({ name: 'other' }).open();
});
afterAll(async () => {
  await device.dispose();
  await other.dispose();
});

const x = { dtype: 'f32', shape: [2] } as const;

describe('refuses', () => {
  it('what build throws, as it is', async () => {
    const build = () => {
      throw new RangeError('mine');
    };
    await expect(compile({ label: 'p', device, build })).rejects.toThrow(new RangeError('mine'));
  });

  it('a state that is not declared', async () => {
    const build = () => ({ states: { s: fill([2], 1) } });
    await expect(compile({ label: 'p', device, build })).rejects.toMatchObject({ code: 'E_ARGUMENT' });
  });

  it.each<[string, (s: Tensor) => Tensor]>([
    ['shape', (s) => reshape(s, [1, 2])],
    ['dtype', (s) => cast(s, 'i32')],
  ])('a state that changes its %s', async (_, change) => {
    const build = ({ states }: { states: Readonly<Record<string, Tensor>> }) => ({
      states: { s: change(states.s!) },
    });
    await expect(compile({ label: 'p', device, states: { s: x }, build })).rejects.toMatchObject({
      code: 'E_SHAPE',
      message: expect.stringContaining('a state keeps its type'),
    });
  });

  it('a state whose new value lies on another device, read before or not', async () => {
    const y = zerosOn(other, [2]);
    for (const build of [
      ({ states }: { states: Readonly<Record<string, Tensor>> }) => ({
        states: { s: add(transfer(states.s!, other), y) },
      }),
      () => ({ states: { s: neg(y) } }),
    ]) {
      await expect(compile({ label: 'p', device, states: { s: x }, build })).rejects.toMatchObject({
        code: 'E_ARGUMENT',
        message: expect.stringContaining('transfer()'),
      });
    }
  });

  it('inputs of another program, of the same name or not', async () => {
    let leaked: Tensor | undefined;
    await compile({
      label: 'first',
      device,
      inputs: { x },
      build: ({ inputs }) => {
        leaked = inputs.x;
        return { outputs: { y: neg(inputs.x!) } };
      },
    });
    const build = () => ({ outputs: { y: neg(leaked!) } });
    for (const inputs of [{}, { x }]) {
      await expect(compile({ label: 'second', device, inputs, build })).rejects.toMatchObject({
        code: 'E_ARGUMENT',
        message: expect.stringContaining('input x of another program'),
      });
    }
  });

  it('an aborted signal, and leaves no memory behind', async () => {
    await device.synchronize();
    const before = device.memoryBytes();
    const build = () => ({ outputs: { y: neg(fill([1000], 1)) } });
    const aborted = { code: 'E_ABORTED' };
    await expect(compile({ label: 'p', device, signal: AbortSignal.abort(), build })).rejects.toMatchObject(
      aborted,
    );
    const controller = new AbortController();
    const compiling = compile({ label: 'p', device, signal: controller.signal, build });
    controller.abort();
    await expect(compiling).rejects.toMatchObject(aborted);
    await device.synchronize();
    expect(device.memoryBytes()).toBe(before);
  });

  it('outputs that do not fit, and gives back what was allocated', async () => {
    const small = await cpu({ memoryLimitBytes: 1500 }).open();
    const build = () => ({ outputs: { a: fill([250], 1), b: fill([250], 2) } });
    await expect(compile({ label: 'p', device: small, build })).rejects.toMatchObject({
      code: 'E_OUT_OF_MEMORY',
    });
    await small.synchronize();
    expect(small.memoryBytes()).toBe(0);
    await small.dispose();
  });
});

it('gives outputs the types that build gave them', async () => {
  const program = await compile({
    label: 'p',
    device,
    inputs: { x: { dtype: 'f32', shape: [2, 3] } },
    build: ({ inputs }) => ({ outputs: { y: reshape(neg(inputs.x!), [3, 2]) } }),
  });
  const { outputs } = program.run({ inputs: { x: Float32Array.of(1, 2, 3, 4, 5, 6) } });
  expect(outputs.y!.shape).toEqual([3, 2]);
  expect(await readback(outputs.y!)).toEqual(Float32Array.of(-1, -2, -3, -4, -5, -6));
  program.dispose();
});

it('tells an input from a state of the same name', async () => {
  const program = await compile({
    label: 'p',
    device,
    inputs: { x },
    states: { x },
    build: ({ inputs, states }) => ({ states: { x: add(mul(states.x!, 10), inputs.x!) } }),
  });
  let state = tensorOn(device, [1, 2], [2]);
  state = program.run({ inputs: { x: Float32Array.of(3, 4) }, states: { x: state } }).states.x!;
  state = program.run({ inputs: { x: Float32Array.of(5, 6) }, states: { x: state } }).states.x!;
  expect(await readback(state)).toEqual(Float32Array.of(135, 246));
  program.dispose();
});

it('computes a constant state where the state lies', async () => {
  const program = await compile({
    label: 'p',
    device,
    states: { s: { ...x, device: other } },
    build: () => ({ states: { s: fill([2], 7) } }),
  });
  const { states } = program.run({ states: { s: zerosOn(other, [2]) } });
  expect(await readback(states.s!)).toEqual(Float32Array.of(7, 7));
  program.dispose();
});

it('reports progress and passes the wish to measure on', async () => {
  const seen: number[] = [];
  const program = await compile({
    label: 'p',
    device,
    timings: true,
    onProgress: (done, total) => seen.push(done / total),
    build: () => ({ outputs: { y: neg(fill([2], 1)) } }),
  });
  program.run();
  await device.synchronize();
  expect(seen.at(-1)).toBe(1);
  expect(await program.stages[0]!.executable.timings!()).toHaveLength(2);
  program.dispose();
});
