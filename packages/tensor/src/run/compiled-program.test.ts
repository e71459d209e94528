import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../compile/compile.js';
import { disposeTensor, tensorOn, zerosOn } from '../graph/storage.js';
import { reshape, slice } from '../graph/views.js';
import { add, literal, mul, neg } from '../ops/index.js';
import type { CompiledProgram } from './compiled-program.js';
import { readback } from './readback.js';

let device: Device;
let other: Device;
let program: CompiledProgram;
const pair = { dtype: 'f32', shape: [2] } as const;

beforeAll(async () => {
  device = await cpu().open();
  other = await cpu().open();
  program = await compile({
    label: 'step',
    device,
    inputs: { x: pair },
    states: { s: pair },
    build: ({ inputs, states }) => {
      const s = add(states.s!, inputs.x!);
      return { outputs: { y: mul(s, literal([10, 100], [2])) }, states: { s } };
    },
  });
});
afterAll(async () => {
  program.dispose();
  await device.dispose();
  await other.dispose();
});

const x = Float32Array.of(1, 2);

describe('a run refuses', () => {
  const s = () => zerosOn(device, [2]);
  it.each<[string, () => Parameters<CompiledProgram['run']>[0], string, RegExp]>([
    ['a missing input', () => ({ states: { s: s() } }), 'E_ARGUMENT', /^step: input x is missing.*takes x/],
    ['a missing state', () => ({ inputs: { x } }), 'E_ARGUMENT', /state s is missing/],
    [
      'an unknown input',
      () => ({ inputs: { x, z: x }, states: { s: s() } }),
      'E_ARGUMENT',
      /input z is unknown/,
    ],
    [
      'an inherited name',
      () => ({ inputs: Object.create({ x }), states: { s: s() } }),
      'E_ARGUMENT',
      /missing/,
    ],
    [
      'another shape',
      () => ({ inputs: { x: zerosOn(device, [3]) }, states: { s: s() } }),
      'E_SHAPE',
      /f32\[3\]/,
    ],
    [
      'another dtype',
      () => ({ inputs: { x: zerosOn(device, [2], 'i32') }, states: { s: s() } }),
      'E_DTYPE',
      /i32/,
    ],
    [
      'too many host values',
      () => ({ inputs: { x: new Float32Array(3) }, states: { s: s() } }),
      'E_SHAPE',
      /of 3/,
    ],
    [
      'host values of another type',
      () => ({ inputs: { x: Int32Array.of(1, 2) }, states: { s: s() } }),
      'E_DTYPE',
      /Int32Array/,
    ],
    [
      'a window',
      () => ({ inputs: { x: slice(zerosOn(device, [3]), 0, 1) }, states: { s: s() } }),
      'E_SHAPE',
      /window/,
    ],
    [
      'another device',
      () => ({ inputs: { x: zerosOn(other, [2]) }, states: { s: s() } }),
      'E_ARGUMENT',
      /another device/,
    ],
    [
      'what is not computed',
      () => ({ inputs: { x: neg(s()) }, states: { s: s() } }),
      'E_ARGUMENT',
      /not computed yet/,
    ],
  ])('%s', (_, bindings, code, message) => {
    expect(() => program.run(bindings())).toThrow(
      expect.objectContaining({ code, message: expect.stringMatching(message) }),
    );
  });

  it('memory that it would write while it reads it', async () => {
    const shared = s();
    const sharing = expect.objectContaining({
      code: 'E_ARGUMENT',
      message: expect.stringMatching(/share one buffer/),
    });
    expect(() => program.run({ inputs: { x: shared }, states: { s: shared } })).toThrow(sharing);
    const { outputs, states } = program.run({ inputs: { x }, states: { s: shared } });
    expect(() => program.run({ inputs: { x: outputs.y! }, states })).toThrow(sharing);
    expect(() => program.run({ inputs: { x }, states: { s: outputs.y! } })).toThrow(sharing);
    const capturing = await compile({
      label: 'capturing',
      device,
      states: { s: pair },
      build: (trace) => ({ states: { s: add(trace.states.s!, states.s!) } }),
    });
    expect(() => capturing.run({ states })).toThrow(sharing);
    const both = await compile({
      label: 'both',
      device,
      states: { s: pair, t: pair },
      build: (trace) => ({ states: { s: neg(trace.states.s!), t: neg(trace.states.t!) } }),
    });
    expect(() => both.run({ states: { s: states.s!, t: states.s! } })).toThrow(sharing);
    expect(await readback(states.s!)).toEqual(x);
    capturing.dispose();
    both.dispose();
  });

  it('a captured tensor that is gone', async () => {
    const weight = zerosOn(device, [2]);
    const captured = await compile({ label: 'w', device, build: () => ({ outputs: { y: neg(weight) } }) });
    captured.run();
    disposeTensor(weight);
    expect(() => captured.run()).toThrow(expect.objectContaining({ code: 'E_DISPOSED' }));
    captured.dispose();
  });

  it('to run once it is disposed of, and its outputs are gone', async () => {
    const short = await compile({
      label: 'short',
      device,
      build: () => ({ outputs: { y: literal([1], [1]) } }),
    });
    const { outputs } = short.run();
    short.dispose();
    short.dispose();
    expect(() => short.run()).toThrow(expect.objectContaining({ code: 'E_DISPOSED' }));
    await expect(readback(outputs.y!)).rejects.toMatchObject({ code: 'E_DISPOSED' });
  });
});

describe('a run', () => {
  it('leaves arguments as they are when it refuses them', async () => {
    const s = tensorOn(device, [1, 1], [2]);
    expect(() => program.run({ inputs: { x: zerosOn(device, [3]) }, states: { s } })).toThrow();
    expect(await readback(s)).toEqual(Float32Array.of(1, 1));
  });

  it('takes tensors and host values, also ones that are reused at once', async () => {
    const s = zerosOn(device, [2]);
    const values = Float32Array.of(1, 2);
    const first = program.run({ inputs: { x: values }, states: { s } });
    values.fill(0);
    const second = program.run({ inputs: { x: tensorOn(device, [10, 20], [2]) }, states: first.states });
    expect(await readback(second.states.s!)).toEqual(Float32Array.of(11, 22));
    expect(await readback(second.outputs.y!)).toEqual(Float32Array.of(110, 2200));
  });

  it('takes a whole tensor in another shape', async () => {
    const s = reshape(zerosOn(device, [1, 2]), [2]);
    expect(await readback(program.run({ inputs: { x }, states: { s } }).states.s!)).toEqual(x);
  });

  it('donates states: the old tensor and its views can no longer be read', async () => {
    const s = tensorOn(device, [1, 1], [2]);
    const view = slice(s, 0, 0, 1);
    const { states } = program.run({ inputs: { x }, states: { s } });
    const donated = { code: 'E_DISPOSED', message: expect.stringContaining('donated') };
    await expect(readback(s)).rejects.toMatchObject(donated);
    await expect(readback(view)).rejects.toMatchObject(donated);
    expect(() => program.run({ inputs: { x }, states: { s } })).toThrow(expect.objectContaining(donated));
    disposeTensor(s); // no longer the owner
    expect(await readback(states.s!)).toEqual(Float32Array.of(2, 3));
  });

  it('overwrites the outputs of the one before', async () => {
    const first = program.run({ inputs: { x }, states: { s: zerosOn(device, [2]) } });
    const early = readback(first.outputs.y!);
    const second = program.run({ inputs: { x }, states: first.states });
    expect(second.outputs.y).toBe(first.outputs.y);
    expect(await early).toEqual(Float32Array.of(10, 200));
    expect(await readback(first.outputs.y!)).toEqual(Float32Array.of(20, 400));
  });

  it('allocates no device memory after the first', async () => {
    const stored = tensorOn(device, [1, 2], [2]);
    let { states } = program.run({ inputs: { x }, states: { s: zerosOn(device, [2]) } });
    await device.synchronize();
    await device.synchronize();
    const before = device.memoryBytes();
    for (let run = 0; run < 3; run++) ({ states } = program.run({ inputs: { x: stored }, states }));
    ({ states } = program.run({ inputs: { x }, states }));
    await device.synchronize();
    expect(device.memoryBytes()).toBe(before);
  });

  it('owns what it says, and gives it back', async () => {
    await device.synchronize();
    await device.synchronize();
    const before = device.memoryBytes();
    const short = await compile({
      label: 'short',
      device,
      inputs: { x: pair },
      build: ({ inputs }) => ({ outputs: { y: add(neg(inputs.x!), literal([1, 2], [2])) } }),
    });
    short.run({ inputs: { x } });
    await device.synchronize();
    expect(device.memoryBytes() - before).toBe(short.ownedBytes);
    short.dispose();
    await device.synchronize();
    expect(device.memoryBytes()).toBe(before);
  });
});
