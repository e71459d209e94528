import { cpu } from '@hybra/backend-cpu';
import type { Device, Executable } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceWith } from '../../test/device-with.js';
import { compile, type Tensors } from '../compile/compile.js';
import { disposeTensor, tensorOn, zerosOn } from '../graph/storage.js';
import { transfer } from '../graph/transfer.js';
import { add, cumulativeSum, exp, literal, matmul, mul, neg } from '../ops/index.js';
import type { CompiledProgram } from './compiled-program.js';
import { evaluate } from './evaluate.js';
import { readback } from './readback.js';

let first: Device;
let second: Device;
beforeAll(async () => {
  first = deviceWith(await cpu().open(), { name: 'first' });
  second = deviceWith(await cpu().open(), { name: 'second' });
});
afterAll(async () => {
  await first.dispose();
  await second.dispose();
});

const square = { dtype: 'f32', shape: [2, 2] } as const;
const x = Float32Array.of(1, 2, 3, 4);

/** Three layers, the middle one with its weight and state on `middle`. */
async function network(outer: Device, middle: Device): Promise<CompiledProgram> {
  const weight = tensorOn(middle, [0.5, -1, 2, 0.25], [2, 2]);
  return compile({
    label: 'network',
    device: outer,
    inputs: { x: square },
    states: { s: { ...square, device: middle } },
    build: ({ inputs, states }) => {
      const hidden = transfer(cumulativeSum(inputs.x!), middle);
      const s = add(states.s!, matmul(hidden, weight));
      return { outputs: { y: exp(neg(transfer(mul(s, 0.5), outer))) }, states: { s } };
    },
  });
}

async function threeRuns(program: CompiledProgram, on: Device): Promise<number[][]> {
  let states: Tensors = { s: zerosOn(on, [2, 2]) };
  const seen: number[][] = [];
  for (let run = 0; run < 3; run++) {
    const result = program.run({ inputs: { x }, states });
    states = result.states;
    seen.push([...(await readback(result.outputs.y!)), ...(await readback(states.s!))]);
  }
  disposeTensor(states.s!);
  return seen;
}

describe('over two devices', () => {
  it('gives the same as on one', async () => {
    const one = await network(first, first);
    const two = await network(first, second);
    expect(await threeRuns(two, second)).toEqual(await threeRuns(one, first));
    one.dispose();
    two.dispose();
  });

  it('shows what moves', async () => {
    const program = await network(first, second);
    const text = program.explain();
    expect(text).toContain('transfer f32[2, 2] first → second (16 B)');
    expect(text).toContain('transfer f32[2, 2] second → first (16 B)');
    expect(text.indexOf('cumulativeSum')).toBeLessThan(text.indexOf('first → second'));
    expect(text.indexOf('first → second')).toBeLessThan(text.indexOf('matmul'));
    expect(text.indexOf('second → first')).toBeLessThan(text.indexOf('exp'));
    expect(program.stages.map(({ device }) => device.name)).toEqual(['first', 'second', 'first']);
    program.dispose();
  });

  it('allocates nothing after the first run', async () => {
    const program = await network(first, second);
    let { states } = program.run({ inputs: { x }, states: { s: zerosOn(second, [2, 2]) } });
    await readback(states.s!);
    await first.synchronize();
    const before = [first.memoryBytes(), second.memoryBytes()];
    for (let run = 0; run < 3; run++) ({ states } = program.run({ inputs: { x }, states }));
    await readback(states.s!);
    await first.synchronize();
    expect([first.memoryBytes(), second.memoryBytes()]).toEqual(before);
    program.dispose();
  });

  it('keeps host values that change while the run waits', async () => {
    const program = await network(first, second);
    const values = x.slice();
    const { states } = program.run({ inputs: { x: values }, states: { s: zerosOn(second, [2, 2]) } });
    const again = program.run({ inputs: { x: values }, states });
    values.fill(Number.NaN);
    expect((await readback(again.states.s!)).some(Number.isNaN)).toBe(false);
    program.dispose();
  });

  it('starts the next run before the last one is done', async () => {
    const events: string[] = [];
    let open: () => void = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const logged = logRuns(first, 'first', events);
    const slow: Device = {
      ...logRuns(second, 'second', events),
      read: async (buffer, byteOffset, byteLength, signal) => {
        await gate; // its work takes that long
        return second.read(buffer, byteOffset, byteLength, signal);
      },
    };
    const program = await compile({
      label: 'pipeline',
      device: logged,
      inputs: { x: square },
      states: { s: { ...square, device: slow } },
      build: ({ inputs, states }) => ({
        states: { s: add(states.s!, transfer(exp(inputs.x!), slow)) },
      }),
    });
    const one = program.run({ inputs: { x }, states: { s: zerosOn(slow, [2, 2]) } });
    const two = program.run({ inputs: { x }, states: one.states });
    await program.settled();
    expect(events).toEqual(['first', 'second', 'first', 'second']);
    open();
    expect(await readback(two.states.s!)).toEqual(x.map((each) => 2 * Math.fround(Math.exp(each))));
    program.dispose();
  });
});

describe('a run that waits for another device', () => {
  const doubled = [...x.map((each) => 2 * each)];
  /** x + x by way of the second device, so that the result is not enqueued when `run` returns. */
  const detour = () =>
    compile({
      label: 'detour',
      device: first,
      inputs: { x: square },
      build: ({ inputs }) => ({
        outputs: { y: transfer(add(transfer(inputs.x!, second), transfer(inputs.x!, second)), first) },
      }),
    });

  it('is waited for by programs that take or capture its outputs', async () => {
    const program = await detour();
    const { outputs } = program.run({ inputs: { x } });
    const local = await compile({
      label: 'local',
      device: first,
      inputs: { y: square },
      build: ({ inputs }) => ({ outputs: { z: neg(inputs.y!) } }),
    });
    const capturing = await compile({
      label: 'capturing',
      device: first,
      build: () => ({ outputs: { z: neg(outputs.y!) } }),
    });
    program.run({ inputs: { x: x.map((each) => each * 10) } });
    const bound = readback(local.run({ inputs: { y: outputs.y! } }).outputs.z!);
    const captured = readback(capturing.run().outputs.z!);
    expect([...(await bound)]).toEqual(doubled.map((each) => -10 * each));
    expect(await captured).toEqual(await bound);
    for (const each of [program, local, capturing]) each.dispose();
  });

  it('still reads what is disposed of, donated or overwritten meanwhile', async () => {
    const program = await detour();
    const update = await compile({
      label: 'update',
      device: first,
      states: { s: square },
      build: ({ states }) => ({ states: { s: mul(states.s!, 100) } }),
    });
    const input = tensorOn(first, x, [2, 2]);
    const early = readback(program.run({ inputs: { x: input } }).outputs.y!);
    const { states } = update.run({ states: { s: input } });
    expect([...(await early)]).toEqual(doubled);
    expect([...(await readback(states.s!))]).toEqual([100, 200, 300, 400]);

    const other = tensorOn(first, x, [2, 2]);
    const late = readback(program.run({ inputs: { x: other } }).outputs.y!);
    disposeTensor(other);
    expect([...(await late)]).toEqual(doubled);

    const source = await compile({
      label: 'source',
      device: first,
      inputs: { x: square },
      build: ({ inputs }) => ({ outputs: { y: neg(inputs.x!) } }),
    });
    const { outputs } = source.run({ inputs: { x } });
    const taken = readback(program.run({ inputs: { x: outputs.y! } }).outputs.y!);
    source.run({ inputs: { x: new Float32Array(4) } });
    expect([...(await taken)]).toEqual(doubled.map((each) => -each));
    for (const each of [program, update, source]) each.dispose();
  });

  it('is finished before its program goes', async () => {
    await first.synchronize();
    await second.synchronize();
    const before = [first.memoryBytes(), second.memoryBytes()];
    const program = await compile({
      label: 'gone',
      device: first,
      states: { s: square },
      build: ({ states }) => ({ states: { s: transfer(neg(transfer(states.s!, second)), first) } }),
    });
    const { states } = program.run({ states: { s: tensorOn(first, x, [2, 2]) } });
    program.dispose();
    expect([...(await readback(states.s!))]).toEqual([-1, -2, -3, -4]);
    disposeTensor(states.s!);
    await first.synchronize();
    await second.synchronize();
    expect([first.memoryBytes(), second.memoryBytes()]).toEqual(before);
  });

  it('is forgotten once it is enqueued: later runs wait for nothing', async () => {
    const events: string[] = [];
    const program = await detour();
    const local = await compile({
      label: 'local',
      device: first,
      inputs: { y: square },
      states: { s: square },
      build: ({ inputs, states }) => ({ states: { s: add(states.s!, inputs.y!) } }),
    });
    const [stage] = local.stages;
    const enqueue = stage!.executable.run.bind(stage!.executable);
    stage!.executable.run = (bindings) => {
      events.push('run');
      enqueue(bindings);
    };
    const { outputs } = program.run({ inputs: { x } });
    const waiting = local.run({ inputs: { y: outputs.y! }, states: { s: zerosOn(first, [2, 2]) } });
    expect(events).toEqual([]);
    await readback(waiting.states.s!);
    const { states } = local.run({ inputs: { y: outputs.y! }, states: waiting.states });
    expect(events).toEqual(['run', 'run']);
    expect([...(await readback(states.s!))]).toEqual(doubled.map((each) => 2 * each));
    for (const each of [program, local]) each.dispose();
  });

  it('makes only what depends on it fail', async () => {
    let broken = 1;
    const moody: Device = {
      ...deviceWith(second, {}),
      read: (...args) => (broken-- > 0 ? Promise.reject(new Error('torn cable')) : second.read(...args)),
    };
    const program = await compile({
      label: 'moody',
      device: first,
      inputs: { x: square },
      build: ({ inputs }) => ({ outputs: { y: transfer(neg(transfer(inputs.x!, moody)), first) } }),
    });
    const failing = readback(program.run({ inputs: { x } }).outputs.y!);
    const next = readback(program.run({ inputs: { x } }).outputs.y!);
    await expect(failing).rejects.toThrow('torn cable');
    expect([...(await next)]).toEqual([-1, -2, -3, -4]);
    program.dispose();
  });
});

it('evaluates over two devices', async () => {
  const a = tensorOn(first, [1, 2], [2]);
  const [sum] = await evaluate([add(transfer(a, second), literal([10, 20], [2]))]);
  expect(sum!.device).toBe(second);
  expect([...(await readback(sum!))]).toEqual([11, 22]);
});

/** A device that notes when a run is enqueued. */
function logRuns(device: Device, name: string, events: string[]): Device {
  return {
    ...deviceWith(device, { name }),
    async compile(program, options): Promise<Executable> {
      const executable = await device.compile(program, options);
      return {
        arenaBytes: executable.arenaBytes,
        run: (bindings) => {
          events.push(name);
          executable.run(bindings);
        },
        dispose: () => executable.dispose(),
      };
    },
  };
}
