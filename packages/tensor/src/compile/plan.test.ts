import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deviceWith } from '../../test/device-with.js';
import type { Tensor } from '../graph/tensor.js';
import { slice } from '../graph/views.js';
import { add, exp, fill, neg, writeRows } from '../ops/index.js';
import { compile, type Tensors } from './compile.js';
import type { Plan } from './plan.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

const big = { dtype: 'f32', shape: [256] } as const; // 1 KiB

async function planOf(
  build: (x: Tensor, states: Tensors) => Tensors | { outputs: Tensors; states: Tensors },
  options: { on?: Device; states?: readonly string[] } = {},
): Promise<Plan> {
  const program = await compile({
    label: 'planned',
    device: options.on ?? device,
    inputs: { x: big },
    states: Object.fromEntries((options.states ?? []).map((name) => [name, big])),
    build: ({ inputs, states }) => {
      const built = build(inputs.x!, states);
      return 'outputs' in built && 'states' in built
        ? (built as { outputs: Tensors; states: Tensors })
        : { outputs: built as Tensors };
    },
  });
  program.dispose();
  return program.stages[0]!.plan;
}

/** The CPU device as one whose kernels never work in place. */
function neverInPlace(capabilities = {}): Device {
  return deviceWith(device, {
    capabilities,
    supports: (call) => {
      const support = device.supports(call);
      return support.supported ? { ...support, inPlace: [] } : support;
    },
  });
}

function opsOf({ program, via }: Plan): string[] {
  return program.calls.map(({ op }, index) => [...via[index]!, op].join(' › '));
}

describe('the arena', () => {
  it('holds two values of a chain of ten where kernels do not work in place', async () => {
    const chain = (x: Tensor): Tensors => {
      let y = x;
      for (let step = 0; step < 10; step++) y = exp(y);
      return { y };
    };
    const plan = await planOf(chain, { on: neverInPlace() });
    expect(plan.arenaBytes).toBe(2 * 1024);
    expect(plan.minimumBytes).toBe(2 * 1024);
    expect(plan.unsharedBytes).toBe(9 * 1024); // the tenth lies in the output
    expect(plan.inPlaceCount).toBe(0);
  });

  it('holds one where they do', async () => {
    const plan = await planOf((x) => ({ y: neg(exp(neg(exp(x)))) }));
    expect(plan.arenaBytes).toBe(0); // all four share the output
    expect(plan.inPlaceCount).toBe(3);
  });

  it('is never written by what an input holds', async () => {
    const plan = await planOf((x) => ({ y: neg(x), z: exp(x) }));
    const [binding] = [...plan.program.bindings.entries()].find(([, { name }]) => name === 'x')!;
    const written = plan.program.calls.flatMap(({ outputs }) => outputs.map(({ buffer }) => buffer));
    expect(written.map((buffer) => plan.program.buffers[buffer]!.location)).not.toContainEqual({
      kind: 'binding',
      index: binding,
    });
  });

  it('has room for scratch beside what the call reads and writes', async () => {
    const on = deviceWith(device, {
      supports: (call) => {
        const support = device.supports(call);
        return support.supported ? { ...support, inPlace: [], scratchBytes: 100 } : support;
      },
    });
    const { program } = await planOf((x) => ({ y: exp(exp(exp(x))) }), { on });
    for (const { scratch, inputs, outputs } of program.calls) {
      const span = (buffer: number): [number, number, number] => {
        const { location, byteLength } = program.buffers[buffer]!;
        if (location.kind === 'binding') return [-1 - location.index, 0, byteLength];
        return [location.segment, location.byteOffset, location.byteOffset + byteLength];
      };
      const [segment, start, end] = span(scratch!.buffer);
      for (const { buffer } of [...inputs, ...outputs]) {
        const [other, from, to] = span(buffer);
        expect(other !== segment || to <= start || from >= end).toBe(true);
      }
    }
  });

  it('is cut into segments of the largest binding', async () => {
    const { program } = await planOf((x) => ({ y: add(add(exp(x), neg(x)), exp(neg(x))) }), {
      on: neverInPlace({ largestBinding: 1024, alignment: 256 }),
    });
    expect(program.segments.length).toBeGreaterThan(1);
    expect(Math.max(...program.segments)).toBe(1024);
  });

  it('refuses a value that passes the largest binding', async () => {
    const on = neverInPlace({ largestBinding: 1023 });
    await expect(planOf((x) => ({ y: neg(exp(x)) }), { on })).rejects.toMatchObject({
      code: 'E_OUT_OF_MEMORY',
      details: { largestBinding: 1023 },
    });
  });

  it('takes values without elements', async () => {
    const plan = await planOf((x) => ({ y: exp(exp(slice(x, 0, 3, 3))), z: fill([0, 4], 1) }));
    expect(plan.program.calls.map(({ op }) => op)).toEqual(['exp', 'exp', 'fill']);
  });
});

describe('a donated state', () => {
  it('is updated where it lies', async () => {
    const plan = await planOf((x, { s }) => ({ outputs: {}, states: { s: neg(add(s!, x)) } }), {
      states: ['s'],
    });
    expect(opsOf(plan)).toEqual(['add', 'neg']);
    expect(plan.arenaBytes).toBe(0);
    expect(plan.inPlaceCount).toBe(2);
  });

  it('takes rows without a copy', async () => {
    const plan = await planOf(
      (x, { s }) => ({
        outputs: {},
        states: { s: writeRows(s!, fill([1], 3, 'i32'), slice(x, 0, 0, 1)) },
      }),
      { states: ['s'] },
    );
    expect(opsOf(plan)).toEqual(['fill', 'writeRows']);
    expect(plan.inPlaceCount).toBe(1);
  });

  it('stays until its last reader', async () => {
    const plan = await planOf(
      (x, { s }) => {
        const next = add(s!, x);
        return { outputs: { y: add(next, exp(s!)) }, states: { s: next } };
      },
      { states: ['s'] },
    );
    // exp does not take over the state, although it is the last to read it: nothing would come of it.
    expect(opsOf(plan)).toEqual(['add', 'exp', 'add', 'bind › copy']);
  });

  it('is left alone where the program does not replace it', async () => {
    const plan = await planOf((x, { s }) => ({ outputs: { y: add(s!, x) }, states: {} }), { states: ['s'] });
    expect(plan.inPlaceCount).toBe(0);
    const state = await planOf((x, { s }) => ({ outputs: { y: add(s!, x) }, states: { s: s! } }), {
      states: ['s'],
    });
    expect(state.inPlaceCount).toBe(0);
    expect(opsOf(state)).toEqual(['add']);
  });

  it('changes places with another by two copies', async () => {
    const plan = await planOf((_, { s, t }) => ({ outputs: {}, states: { s: t!, t: s! } }), {
      states: ['s', 't'],
    });
    expect(opsOf(plan)).toEqual(Array(4).fill('bind › copy'));
  });

  it('is copied out before it is replaced', async () => {
    const plan = await planOf((x, { s }) => ({ outputs: { old: s! }, states: { s: exp(x) } }), {
      states: ['s'],
    });
    expect(opsOf(plan)).toEqual(['exp', 'bind › copy', 'bind › copy']);
  });
});
