import { Runner, startGeneration } from '@hybra/generate';
import type { Model } from '@hybra/models';
import type { Device, DeviceBuffer, Executable, Program } from '@hybra/spec';
import { timeOf } from './timing.js';

interface Watched {
  readonly device: Device;
  /** Runs again what ran last. */
  again(): void;
  /** The program compiled last. */
  last(): { readonly program: Program; readonly executable: Executable };
}

/** A device that remembers what it compiled and ran last. */
export function watched(real: Device, isTimed: boolean): Watched {
  let again = (): void => {};
  let last: { readonly program: Program; readonly executable: Executable } | undefined;
  const compile = async (...[program, options]: Parameters<Device['compile']>): Promise<Executable> => {
    const executable = await real.compile(program, { ...options, timings: isTimed });
    last = { program, executable };
    return {
      arenaBytes: executable.arenaBytes,
      ...(executable.launches && { launches: executable.launches }),
      run: (bindings: readonly DeviceBuffer[]) => {
        const kept = [...bindings];
        again = () => executable.run(kept);
        executable.run(bindings);
      },
      dispose: () => executable.dispose(),
    };
  };
  const device = new Proxy(real, {
    get: (target, property) => {
      if (property === 'compile') return compile;
      const value = Reflect.get(target, property);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { device, again: () => again(), last: () => last! };
}

/** Tokens per second of decoding at batch 1, through the whole stack and by the device alone, and of prefill. */
export async function modelTimes(
  real: Device,
  make: (device: Device) => Model,
  options: { readonly tokens: number; readonly prefill: number },
): Promise<string> {
  const { device, again, last } = watched(real, false);
  const model = make(device);
  const runner = new Runner(model);
  const prompt = Array.from({ length: options.prefill }, (_, index) => (index * 7919) % 1000);
  const generation = await startGeneration(runner, [prompt.slice(0, 16)], runner.initialState(), {
    sampling: { temperature: 0 },
    maxTokens: options.tokens + 64,
    lookahead: 4,
  });
  for (let i = 0; i < 24; i++) await generation.next();
  const begun = performance.now();
  for (let i = 0; i < options.tokens; i++) await generation.next();
  const seconds = (performance.now() - begun) / 1000;
  const launches = last().executable.launches!.reduce((sum, count) => sum + count, 0);
  const step = await timeOf(real, 50, again);
  const encoding = performance.now();
  for (let i = 0; i < 20; i++) again();
  const host = (performance.now() - encoding) / 20;
  await real.synchronize();
  const figures = [
    `decode ${(options.tokens / seconds).toFixed(0)} tok/s`,
    `${launches} dispatches a step: ${(step * 1e6).toFixed(0)} us (${(1 / step).toFixed(0)} tok/s), the host encodes ${(host * 1e3).toFixed(0)} us`,
  ];
  (await generation.finish()).dispose();
  for (const longestChunk of options.prefill > 0 ? [256, 2048] : []) {
    const rounds: number[] = [];
    for (let round = 0; round < 3; round++) {
      const started = performance.now();
      const { state } = await runner.forward([prompt], runner.initialState(), { longestChunk });
      rounds.push(performance.now() - started);
      state.dispose();
    }
    const rate = (prompt.length / Math.min(...rounds)) * 1000;
    figures.push(`prefill ${options.prefill} by ${longestChunk}: ${rate.toFixed(0)} tok/s`);
  }
  runner.dispose();
  model.dispose();
  return figures.join(', ');
}

/** Where the GPU's time goes in a decode step (or a chunk of `prefill` tokens), by kernel. */
export async function profile(
  real: Device,
  make: (device: Device) => Model,
  prefill: number,
): Promise<string> {
  const { device, last } = watched(real, true);
  const model = make(device);
  const runner = new Runner(model);
  const tokens = Array.from({ length: Math.max(prefill, 3) }, (_, index) => (index * 7919) % 1000);
  if (prefill > 0) {
    for (let round = 0; round < 2; round++) {
      (await runner.forward([tokens], runner.initialState(), { longestChunk: 2048 })).state.dispose();
    }
  } else {
    const generation = await startGeneration(runner, [tokens], runner.initialState(), {
      sampling: { temperature: 0 },
      maxTokens: 24,
    });
    for (let i = 0; i < 16; i++) await generation.next();
    generation.dispose();
  }
  const { program, executable } = last();
  const times = await executable.timings!();
  const byKernel = new Map<string, { time: number; calls: number }>();
  for (const [index, time] of times.entries()) {
    const { kernel, outputs } = program.calls[index]!;
    const key = kernel.includes('matmul') ? `${kernel}[${outputs[0]!.shape.join('x')}]` : kernel;
    const { time: before, calls } = byKernel.get(key) ?? { time: 0, calls: 0 };
    byKernel.set(key, { time: before + time, calls: calls + 1 });
  }
  const rows = [...byKernel].sort(([, a], [, b]) => b.time - a.time).slice(0, 16);
  const total = times.reduce((sum, time) => sum + time, 0);
  const parts = rows.map(([kernel, { time, calls }]) => `${kernel} ${calls}x ${(time / 1e3).toFixed(0)}`);
  runner.dispose();
  model.dispose();
  return `${(total / 1e3).toFixed(0)} us in all: ${parts.join(', ')}`;
}
