import { cpu } from '@hybra/backend-cpu';
import type { Device, Program } from '@hybra/spec';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compile, type Tensors } from '../src/compile/compile.js';
import { disposeTensor, tensorOn } from '../src/graph/storage.js';
import type { CompiledProgram } from '../src/run/compiled-program.js';
import { readback } from '../src/run/readback.js';
import { deviceWith } from './device-with.js';
import { Interpreter } from './interpreter.js';
import { buildGraph, type RandomGraph, randomGraph, side } from './random-graph.js';

let first: Device;
let second: Device;
beforeAll(async () => {
  first = await cpu().open();
  second = await cpu({ name: 'second' }).open();
});
afterAll(async () => {
  await first.dispose();
  await second.dispose();
});

const type = { dtype: 'i32', shape: [side, side] } as const;
const names = ['s', 't', 'u'];

function someElements(seed: number): Int32Array {
  return Int32Array.from({ length: side * side }, (_, at) => Math.imul(at + 1, seed * 2 + 1) % 1000);
}

/** Runs a graph three times on devices and in the interpreter: every output and state must be equal. */
async function agrees(
  graph: RandomGraph,
  devices: readonly Device[],
  stateDevices: readonly Device[],
  check: (program: CompiledProgram) => void = () => {},
): Promise<void> {
  let traced: ReturnType<typeof buildGraph> | undefined;
  const program = await compile({
    label: 'random',
    device: devices[0]!,
    inputs: { x: type },
    states: Object.fromEntries(names.map((name, at) => [name, { ...type, device: stateDevices[at]! }])),
    build: (trace) => {
      traced = buildGraph(graph, devices, trace);
      return traced;
    },
  });
  check(program);
  let states: Tensors = Object.fromEntries(
    names.map((name, at) => [name, tensorOn(stateDevices[at]!, someElements(at + 10), [side, side], 'i32')]),
  );
  let expected = new Map(names.map((name, at) => [name, Array.from(someElements(at + 10))]));
  try {
    for (let run = 0; run < 3; run++) {
      const x = someElements(run);
      const result = program.run({ inputs: { x }, states });
      states = result.states;
      const interpreter = new Interpreter(
        new Map([
          ['input x', [...x]],
          ...[...expected].map(([name, each]) => [`state ${name}`, each] as const),
        ]),
      );
      for (const [name, tensor] of Object.entries(traced!.outputs!)) {
        expect([...(await readback(result.outputs[name]!))]).toEqual(interpreter.elements(tensor));
      }
      expected = new Map(
        names.map((name) => {
          const next = traced!.states![name];
          return [name, next ? interpreter.elements(next) : expected.get(name)!];
        }),
      );
      // Sometimes the next run starts before the states were looked at.
      if (run === 1) continue;
      for (const name of names) expect([...(await readback(states[name]!))]).toEqual(expected.get(name));
    }
  } finally {
    for (const tensor of Object.values(states)) disposeTensor(tensor);
    program.dispose();
  }
}

/** In each call, what is read shares no segment with what is written, unless it is the very buffer. */
function expectNoSharedSegments({ calls, buffers }: Program): void {
  const segmentOf = (buffer: number): number | undefined => {
    const { location } = buffers[buffer]!;
    return location.kind === 'arena' ? location.segment : undefined;
  };
  for (const { inputs, outputs } of calls) {
    for (const { buffer } of inputs) {
      for (const output of outputs) {
        if (buffer === output.buffer || segmentOf(buffer) === undefined) continue;
        expect(segmentOf(buffer)).not.toBe(segmentOf(output.buffer));
      }
    }
  }
}

const runs = 300;

it('on one device agree with the definition, run after run', async () => {
  await fc.assert(
    fc.asyncProperty(randomGraph(3), (graph) => agrees(graph, [first], [first, first, first])),
    { numRuns: runs, seed: 1 },
  );
});

it('agree where kernels take no strides and segments are small and not shared', async () => {
  const strict = deviceWith(first, {
    capabilities: { aliasesSegments: false, largestBinding: 128, alignment: 64 },
    supports: (call) => {
      const support = first.supports(call);
      return support.supported && call.op !== 'copy'
        ? { ...support, acceptsStrided: false, scratchBytes: (support.scratchBytes ?? 0) + 8 }
        : support;
    },
  });
  await fc.assert(
    fc.asyncProperty(randomGraph(3), (graph) =>
      agrees(graph, [strict], [strict, strict, strict], ({ stages }) => {
        for (const { plan } of stages) {
          expectNoSharedSegments(plan.program);
          for (const bytes of plan.program.segments) expect(bytes).toBeLessThanOrEqual(128);
          for (const { location } of plan.program.buffers) {
            if (location.kind === 'arena') expect(location.byteOffset % 64).toBe(0);
          }
        }
      }),
    ),
    { numRuns: runs, seed: 2 },
  );
});

it('over two devices agree with the definition, states on both', async () => {
  await fc.assert(
    fc.asyncProperty(randomGraph(3), (graph) => agrees(graph, [first, second], [first, second, first])),
    { numRuns: runs, seed: 3 },
  );
});
