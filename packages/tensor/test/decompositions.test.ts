import { cpu, mandatoryKernels } from '@hybra/backend-cpu';
import { type Device, type OpName, opSignatures, type TensorType } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CompiledProgram,
  cast,
  compile,
  fill,
  type OpCase,
  opCases,
  opDefinitions,
  readback,
  record,
  selectiveScan,
  ssdChunkScan,
  type Tensor,
} from '../src/index.js';
import { caseTensors } from './case-tensors.js';

const optionalOps = (Object.keys(opSignatures) as OpName[]).filter((name) => !opSignatures[name].mandatory);

let native: Device;
let decomposing: Device;

beforeAll(async () => {
  native = await cpu().open();
  decomposing = await cpu({ kernels: mandatoryKernels }).open();
});

afterAll(async () => {
  await native.dispose();
  await decomposing.dispose();
});

// The tolerance of each op, and why it is looser than `tolerances.ts` where it is, stands in its definition.
describe.each(optionalOps)('%s', (name) => {
  it('decomposes into what the reference computes natively', async () => {
    const problems: string[] = [];
    for (const opCase of opCases[name]) {
      const expected = await run(native, name, opCase);
      const got = await run(decomposing, name, opCase);
      expect(expected.ops, opCase.name).toContain(name);
      expect(got.ops.filter((op) => !opSignatures[op as OpName].mandatory)).toEqual([]);
      for (const [index, type] of expected.types.entries()) {
        const found = difference(name, type, got.values[index]!, expected.values[index]!);
        if (found) problems.push(`${opCase.name}, output ${index}: ${found}`);
      }
    }
    expect(problems).toEqual([]);
  });
});

describe('the number of nodes', () => {
  it('of ssdChunkScan does not depend on the length', async () => {
    const calls = await callsByLength((length) => {
      const [B, H, P, G, N] = [1, 2, 2, 1, 2];
      const bc = fill([B, length, G, N], 1);
      return ssdChunkScan(
        {
          x: fill([B, length, H, P], 1),
          dt: fill([B, length, H], 0.1),
          A: fill([H], -1),
          B: bc,
          C: bc,
          states: fill([1, H, P, N], 0),
          slots: fill([B], 0, 'i32'),
        },
        { chunkSize: 64 },
      ).y;
    });
    expect(calls(4096)).toBeLessThanOrEqual(calls(128));
  });

  it('of selectiveScan grows with the number of chunks of 64, not with the length', async () => {
    const calls = await callsByLength((length) => {
      const [B, D, N] = [1, 2, 2];
      const bc = fill([B, length, N], 1);
      return selectiveScan({
        x: fill([B, length, D], 1),
        dt: fill([B, length, D], 0.1),
        A: fill([D, N], -1),
        B: bc,
        C: bc,
        states: fill([1, D, N], 0),
        slots: fill([B], 0, 'i32'),
      }).y;
    });
    // Six doublings of at most nine calls, and what surrounds them.
    expect(calls(4096) - calls(64)).toBeLessThanOrEqual((4096 / 64 - 1) * 80);
  });

  /** Counts the calls that a computation over 64, 128 and 4096 positions takes when decomposed. */
  async function callsByLength(build: (length: number) => Tensor): Promise<(length: number) => number> {
    const counts = new Map<number, number>();
    for (const length of [64, 128, 4096]) {
      const program = await compile({
        label: `length ${length}`,
        device: decomposing,
        build: () => ({ outputs: { y: build(length) } }),
      });
      counts.set(length, opsOf(program).length);
      program.dispose();
    }
    return (length) => counts.get(length)!;
  }
});

interface CaseRun {
  readonly types: readonly TensorType[];
  /** Each output in float64. */
  readonly values: readonly ArrayLike<number>[];
  readonly ops: readonly string[];
}

async function run(device: Device, name: OpName, opCase: OpCase): Promise<CaseRun> {
  let types: readonly TensorType[] = [];
  const program = await compile({
    label: `${name}: ${opCase.name}`,
    device,
    build: () => {
      const inputs = caseTensors(opCase.inputs, 42);
      const outputs = record(opDefinitions[name], inputs, opCase.attributes ?? {}, opCase.declared);
      types = outputs;
      return { outputs: Object.fromEntries(outputs.map((y, index) => [`y${index}`, cast(y, 'f64')])) };
    },
  });
  const { outputs } = program.run();
  const values: ArrayLike<number>[] = [];
  for (const index of types.keys()) values.push(await readback(outputs[`y${index}`]!));
  const ops = opsOf(program);
  program.dispose();
  return { types, values, ops };
}

function opsOf(program: CompiledProgram): string[] {
  return program.stages.flatMap(({ plan }) => plan.program.calls.map(({ op }) => op));
}

function difference(
  name: OpName,
  { dtype }: TensorType,
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
): string | undefined {
  const { absolute, relative } = opDefinitions[name].tolerance[dtype] ?? { absolute: 0, relative: 0 };
  for (let index = 0; index < expected.length; index++) {
    const [x, y] = [got[index]!, expected[index]!];
    if (x === y || Object.is(x, y)) continue;
    if (Number.isFinite(y) && Math.abs(x - y) <= absolute + relative * Math.abs(y)) continue;
    return `element ${index} is ${x}, the native kernel has ${y}`;
  }
  return got.length === expected.length ? undefined : `${got.length} elements, not ${expected.length}`;
}
