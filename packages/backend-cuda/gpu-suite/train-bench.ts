import { initialWeights, type PresetName, preset } from '@hybra/models';
import type { Backend, Device, Executable, Program } from '@hybra/spec';
import { compile, ssdChunkScanGradient, type Tensor, tensorOn, zerosOn } from '@hybra/tensor';
import { createTrainer } from '@hybra/train';
import { measured, type Section } from './section.js';
import { timeOf } from './timing.js';

/** A device that measures every call of the programs that it compiles. */
export function timed(real: Device): {
  readonly device: Device;
  readonly last: () => { readonly program: Program; readonly executable: Executable } | undefined;
} {
  let last: { readonly program: Program; readonly executable: Executable } | undefined;
  const device = new Proxy(real, {
    get: (target, property) => {
      if (property === 'compile') {
        return async (program: Program) => {
          const executable = await target.compile(program, { timings: true });
          last = { program, executable };
          return executable;
        };
      }
      const value = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { device, last: () => last };
}

/** Time by kernel and by the largest single calls, from an executable that was compiled with timings. */
export async function profileOf(program: Program, executable: Executable, rows = 16): Promise<string> {
  const times = await executable.timings!();
  const byKernel = new Map<string, { time: number; count: number }>();
  for (const [index, time] of times.entries()) {
    const { kernel } = program.calls[index]!;
    const { time: before, count } = byKernel.get(kernel) ?? { time: 0, count: 0 };
    byKernel.set(kernel, { time: before + time, count: count + 1 });
  }
  const sorted = [...byKernel].sort(([, a], [, b]) => b.time - a.time).slice(0, rows);
  const total = times.reduce((sum, time) => sum + time, 0);
  const parts = sorted.map(([kernel, { time, count }]) => `${kernel} ${count}x ${(time / 1e3).toFixed(0)}`);
  const largest = [...times.entries()]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 12)
    .map(([index, time]) => {
      const { kernel, inputs } = program.calls[index]!;
      return `${kernel} ${inputs.map(({ dtype, shape }) => `${dtype}[${shape.join()}]`).join(' ')} ${(time / 1e3).toFixed(0)}`;
    });
  return `${(total / 1e3).toFixed(0)} us in ${program.calls.length} calls: ${parts.join(', ')}; the largest: ${largest.join('; ')}`;
}

interface Training {
  readonly name: PresetName;
  readonly vocabularySize?: number;
  readonly batch: number;
  readonly time: number;
}
const small: Training = { name: 'mamba2-hybrid-5m', vocabularySize: 2048, batch: 64, time: 256 };
const large: Training = { name: 'mamba2-130m', batch: 8, time: 2048 };

async function train(
  device: Device,
  { name, vocabularySize, batch, time }: Training,
  dtype: 'f32' | 'bf16',
  steps: number,
): Promise<string> {
  const config = preset(name, vocabularySize === undefined ? {} : { vocabularySize });
  const trainer = await createTrainer({
    device,
    config,
    weights: initialWeights(config, 1),
    batch,
    time,
    dtype,
  });
  const ids = Int32Array.from({ length: batch * time }, (_, index) => (index * 7919) % 2039);
  const data = { rows: batch, time, ids, targets: ids.map((_, index) => ids[(index + 1) % ids.length]!) };
  const losses: number[] = [];
  for (let i = 0; i < 3; i++) losses.push((await trainer.takeStep(data, 1e-3)).loss);
  const begun = performance.now();
  for (let i = 0; i < steps; i++) losses.push((await trainer.takeStep(data, 1e-3)).loss);
  const seconds = (performance.now() - begun) / 1000 / steps;
  return `${dtype} ${(seconds * 1e3).toFixed(1)} ms a step, ${((batch * time) / seconds).toFixed(0)} tok/s, loss ${losses[0]!.toFixed(3)} to ${losses.at(-1)!.toFixed(3)}`;
}

/** The gradients of the chunked scan alone, heads of 64 and states of 128. */
async function ssdGradient(device: Device, B: number, T: number, H: number, G: number): Promise<string> {
  const [P, N] = [64, 128];
  const values = (shape: readonly number[], low: number, high: number): Tensor => {
    const made = Float32Array.from({ length: 2 ** 18 }, () => low + (high - low) * Math.random());
    const count = shape.reduce((product, extent) => product * extent, 1);
    const repeated = new Float32Array(count);
    for (let at = 0; at < count; at += made.length) repeated.set(made.subarray(0, count - at), at);
    return tensorOn(device, repeated, shape, 'f32');
  };
  const slots = tensorOn(
    device,
    Int32Array.from({ length: B }, (_, row) => row),
    [B],
    'i32',
  );
  const program = await compile({
    label: 'ssd gradient',
    device,
    states: { h: { dtype: 'f32', shape: [B, H, P, N] } },
    build: ({ states }) => {
      const inputs = {
        ...{ x: values([B, T, H, P], -1, 1), dt: values([B, T, H], 0.001, 0.1), A: values([H], -8, -1) },
        ...{
          B: values([B, T, G, N], -0.3, 0.3),
          C: values([B, T, G, N], -0.3, 0.3),
          states: states.h!,
          slots,
        },
      };
      const arriving = { dy: values([B, T, H, P], -1, 1), dstates: undefined };
      const { dx, ddt, dA, dB, dC, dstates } = ssdChunkScanGradient(inputs, arriving, { chunkSize: 256 });
      return { outputs: { dx, ddt, dA, dB, dC }, states: { h: dstates } };
    },
  });
  let h = zerosOn(device, [B, H, P, N], 'f32');
  const seconds = await timeOf(device, 10, () => {
    h = program.run({ states: { h } }).states.h!;
  });
  return `${(seconds * 1e3).toFixed(3)} ms (${program.stages[0]!.plan.program.calls.map(({ kernel }) => kernel).join(', ')})`;
}

/** Training steps of the 5.2M hybrid and of the 130M model, and where their time goes. */
export function trainSections(backend: Backend): Section[] {
  const section = (name: string, run: (device: Device) => Promise<string>): Section =>
    measured(backend, name, run);
  return [
    section('bench/train-5m', (device) => train(device, small, 'f32', 20)),
    section('bench/train-5m-bf16', (device) => train(device, small, 'bf16', 20)),
    section('bench/train-130m', (device) => train(device, large, 'f32', 5)),
    section('bench/ssd-gradient', (device) => ssdGradient(device, 1, 4096, 128, 8)),
    section('bench/profile-train-130m', async (real) => {
      const { device, last } = timed(real);
      await train(device, large, 'f32', 1);
      const { program, executable } = last()!;
      return profileOf(program, executable, 24);
    }),
    section('bench/profile-train-5m', async (real) => {
      const { device, last } = timed(real);
      await train(device, small, 'f32', 1);
      const { program, executable } = last()!;
      return profileOf(program, executable, 24);
    }),
  ];
}
