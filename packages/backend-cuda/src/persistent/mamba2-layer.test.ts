import { contiguousStrides, type Operand, type Program, type ProgramCall, specVersion } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { planProgram } from '../fusion/plan-program.js';
import { standardKernels } from '../kernels/index.js';
import { encodeParameters } from '../launch/encode-parameters.js';
import type { Launch } from '../launch/launch.js';

// Two layers of Mamba-2 as a decode step has them: H heads of P, one group of state N, a model of width D.
const [D, H, P, N] = [256, 2, 64, 128];
const inner = H * P;
const channels = inner + 2 * N;
const projected = inner + channels + H;
const kernels = new Map(standardKernels().map((kernel) => [kernel.name, kernel]));

/** Names of bindings by number, then arena buffers. */
const bindings = [
  'x in',
  'norm',
  'in projection',
  'conv weight',
  'conv bias',
  'tails',
  'slots',
  'lengths',
  'dt bias',
  'zero',
  'A',
  'states',
  'skip',
  'gate norm',
  'out projection',
  'valid',
  'other tails',
  'other states',
] as const;
const arena = ['normed', 'zxbcdt', 'xbc', 'dt', 'y', 'skipped', 'out'] as const;
const names: readonly string[] = [...bindings, ...arena];

function operand(
  name: (typeof bindings)[number] | (typeof arena)[number],
  shape: readonly number[],
  options: { dtype?: Operand['dtype']; offset?: number; strides?: readonly number[] } = {},
): Operand {
  const { dtype = 'f32', offset = 0, strides = contiguousStrides(shape) } = options;
  return { buffer: names.indexOf(name), dtype, shape, strides, offset };
}

function call(
  op: ProgramCall['op'],
  kernel: string,
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  attributes: ProgramCall['attributes'] = {},
): ProgramCall {
  return { op, kernel: `cuda/${kernel}`, inputs, outputs, attributes };
}

const linear = { transposeA: false, transposeB: true };
const row = (offset: number, shape: readonly number[]): Operand =>
  operand('zxbcdt', shape, { offset, strides: [projected, projected, 1] });
const dt = operand('dt', [1, 1, H]);
const part = (offset: number, shape: readonly number[]): Operand =>
  operand('xbc', shape, { offset, strides: [channels, shape[2]!, 1] });

const layer: readonly ProgramCall[] = [
  call('rmsNorm', 'rms-norm', [operand('x in', [1, D]), operand('norm', [D])], [operand('normed', [1, D])], {
    epsilon: 1e-5,
  }),
  call(
    'matmul',
    'gemv',
    [operand('normed', [1, D]), operand('in projection', [projected, D], { dtype: 'bf16' })],
    [operand('zxbcdt', [1, projected])],
    linear,
  ),
  call(
    'causalConv1d',
    'causal-conv',
    [
      row(inner, [1, 1, channels]),
      operand('conv weight', [channels, 4]),
      operand('conv bias', [channels]),
      operand('tails', [1, 3, channels]),
      operand('slots', [1], { dtype: 'i32' }),
      operand('lengths', [1], { dtype: 'i32' }),
    ],
    [operand('xbc', [1, 1, channels]), operand('tails', [1, 3, channels])],
    { activation: 'silu' },
  ),
  call(
    'add',
    'add',
    [row(inner + channels, [1, 1, H]), operand('dt bias', [1, 1, H], { strides: [0, 0, 1] })],
    [dt],
  ),
  call('softplus', 'softplus', [dt], [dt]),
  call(
    'select',
    'select',
    [
      operand('valid', [1, 1, H], { dtype: 'bool', strides: [1, 1, 0] }),
      dt,
      operand('zero', [1, 1, H], { strides: [0, 0, 0] }),
    ],
    [dt],
  ),
  call(
    'ssdStep',
    'ssd-step',
    [
      part(0, [1, H, P]),
      operand('dt', [1, H]),
      operand('A', [H]),
      part(inner, [1, 1, N]),
      part(inner + N, [1, 1, N]),
      operand('states', [1, H, P, N]),
      operand('slots', [1], { dtype: 'i32' }),
    ],
    [operand('y', [1, H, P]), operand('states', [1, H, P, N])],
  ),
  call(
    'mul',
    'mul',
    [operand('xbc', [1, 1, H, P]), operand('skip', [1, 1, H, P], { strides: [0, 0, 1, 0] })],
    [operand('skipped', [1, 1, H, P])],
  ),
  call(
    'add',
    'add',
    [operand('y', [1, 1, H, P]), operand('skipped', [1, 1, H, P])],
    [operand('y', [1, 1, H, P])],
  ),
  call(
    'gatedRmsNorm',
    'gated-rms-norm',
    [operand('y', [1, inner]), operand('zxbcdt', [1, inner]), operand('gate norm', [inner])],
    [operand('y', [1, inner])],
    { epsilon: 1e-5, groups: 1 },
  ),
  call(
    'matmul',
    'gemv',
    [operand('y', [1, inner]), operand('out projection', [D, inner], { dtype: 'bf16' })],
    [operand('out', [1, D])],
    linear,
  ),
  call('add', 'add', [operand('x in', [1, D]), operand('out', [1, D])], [operand('x in', [1, D])]),
];

/** The same with states of its own. */
const otherLayer = layer.map((each) => {
  const moved = (from: Operand): Operand => {
    const other = { tails: 'other tails', states: 'other states' }[names[from.buffer]!];
    return other ? { ...from, buffer: names.indexOf(other) } : from;
  };
  return { ...each, inputs: each.inputs.map(moved), outputs: each.outputs.map(moved) };
});

function launchesOf(calls: readonly ProgramCall[]): readonly Launch[] {
  const byteLength = projected * D * 2;
  const program: Program = {
    specVersion,
    label: 'test',
    bindings: bindings.map((name) => ({
      name,
      role: name.includes('projection') ? 'weight' : 'input',
      byteLength,
    })),
    segments: [byteLength * arena.length],
    buffers: [
      ...bindings.map((_, index) => ({ location: { kind: 'binding', index } as const, byteLength })),
      ...arena.map((_, slot) => ({
        location: { kind: 'arena', segment: 0, byteOffset: slot * byteLength } as const,
        byteLength,
      })),
    ],
    calls,
  };
  const chosen = calls.map(({ kernel }) => kernels.get(kernel)!);
  return planProgram(program, chosen, true, { multiprocessors: 4 }).flat();
}

function firstWords(launch: Launch): number[] {
  if (launch.kind !== 'kernel') throw new Error('a copy');
  const view = new DataView(encodeParameters(launch.parameters, launch.parameterBytes).bytes.buffer);
  return Array.from({ length: view.getUint32(0, true) }, (_, step) =>
    view.getUint32(8 + step * 144 + 104, true),
  );
}

describe('a layer of Mamba-2 in the persistent kernel', () => {
  const [product, recurrence, rider, waits] = [0, 1, 3, 256];
  it('is a product, a recurrence that convolves, and a product beside which the tails move on', () => {
    const launches = launchesOf([...layer, ...otherLayer]);
    expect(launches).toHaveLength(1);
    const each = [waits | product, waits | recurrence, waits | product, rider];
    expect(firstWords(launches[0]!)).toEqual([product, ...each.slice(1), ...each]);
  });
  it('does not ask for states before they are written', () => {
    expect(launchesOf([...layer, ...layer]).length).toBeGreaterThan(1);
  });
  it('keeps a convolution apart that somebody else reads', () => {
    const other = call('exp', 'exp', [operand('xbc', [channels])], [operand('out', [channels])]);
    const entries = launchesOf([...layer, other]).map((launch) => launch.kind === 'kernel' && launch.entry);
    expect(entries).toContain('conv_one_f32');
    expect(entries).not.toContain('persistent');
  });
});
