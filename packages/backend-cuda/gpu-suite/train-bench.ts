import { initialWeights, type PresetName, preset } from '@hybra/models';
import type { Backend, Device, Executable, Program } from '@hybra/spec';
import { createTrainer } from '@hybra/train';
import { measured, type Section } from './section.js';

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

const [batch, time] = [64, 256];

async function train(device: Device, dtype: 'f32' | 'bf16', steps: number): Promise<string> {
  const name: PresetName = 'mamba2-hybrid-5m';
  const config = preset(name, { vocabularySize: 2048 });
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

/** A training step of the 5.2M hybrid, and where its time goes. */
export function trainSections(backend: Backend): Section[] {
  const section = (name: string, run: (device: Device) => Promise<string>): Section =>
    measured(backend, name, run);
  return [
    section('bench/train-5m', (device) => train(device, 'f32', 5)),
    section('bench/train-5m-bf16', (device) => train(device, 'bf16', 5)),
    section('bench/profile-train-5m', async (real) => {
      const { device, last } = timed(real);
      await train(device, 'f32', 1);
      const { program, executable } = last()!;
      return profileOf(program, executable, 24);
    }),
  ];
}
