import { Runner, startGeneration } from '@hybra/generate';
import { initialWeights, modelFromWeights, type PresetName, parameterCount, preset } from '@hybra/models';
import type { Backend, Device, DType, Executable, Program } from '@hybra/spec';
import { compile, type Tensor, tensorOn, zerosOn } from '@hybra/tensor';
import { measured, type Section } from './section.js';
import { timeOf, watched } from './timing.js';

/** Speeds, against the limits of the card that they were measured on. */
export function benchSections(backend: Backend): Section[] {
  const section = (name: string, run: (device: Device) => Promise<string>): Section =>
    measured(backend, name, run);
  return [
    section('bench/copy', copyBandwidth),
    section('bench/gemv', (device) =>
      productTimes(device, [
        [1, 768, 3352],
        [1, 1536, 768],
        [1, 768, 50288],
        [1, 2560, 10576],
        [1, 5120, 2560],
        [8, 2560, 10576],
      ]),
    ),
    section('bench/matmul', (device) =>
      productTimes(device, [
        [64, 2560, 10576],
        [256, 768, 3352],
        [2048, 2560, 10576],
        [4096, 4096, 4096],
      ]),
    ),
    section('bench/ssd-4096', (device) => ssdTime(device, 1, 4096, 128, 8, 'f32')),
    section('bench/ssd-4096-bf16', (device) => ssdTime(device, 1, 4096, 128, 8, 'bf16')),
    section('bench/ssd-16384', (device) => ssdTime(device, 1, 16384, 128, 8, 'f32')),
    section('bench/ssd-8x2048', (device) => ssdTime(device, 8, 2048, 24, 1, 'f32')),
    section('bench/mamba2-130m', (device) => modelTimes(device, 'mamba2-130m')),
    section('bench/profile-130m', (device) => decodeProfile(device, 'mamba2-130m')),
    section('bench/hybrid-130m', (device) => modelTimes(device, 'mamba2-hybrid-130m')),
  ];
}

async function copyBandwidth(device: Device): Promise<string> {
  const bytes = 2 * 2 ** 30;
  const from = device.allocate(bytes);
  const to = device.allocate(bytes);
  const seconds = await timeOf(device, 10, () => device.copy(from, 0, to, 0, bytes));
  return `${device.name}: ${((2 * bytes) / seconds / 1e9).toFixed(0)} GB/s read and written`;
}

function randomTensor(device: Device, shape: readonly number[], dtype: DType, scale = 1): Tensor {
  const count = shape.reduce((product, extent) => product * extent, 1);
  if (dtype === 'bf16') {
    const values = new Uint16Array(count);
    const one = new Float32Array(1);
    const bits = new Uint32Array(one.buffer);
    for (let i = 0; i < count; i++) {
      one[0] = (Math.random() * 2 - 1) * scale;
      values[i] = bits[0]! >>> 16;
    }
    return tensorOn(device, values, shape, dtype);
  }
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = (Math.random() * 2 - 1) * scale;
  return tensorOn(device, values, shape, dtype);
}

async function productTimes(
  device: Device,
  sizes: readonly (readonly [number, number, number])[],
): Promise<string> {
  const lines: string[] = [];
  const { matmul } = await import('@hybra/tensor');
  for (const [M, K, N] of sizes) {
    // Several weights in turn, so that none stays in the cache.
    const copies = Math.max(2, Math.ceil(2.5e8 / (K * N * 2)));
    const x = randomTensor(device, [M, K], 'f32');
    const base = randomTensor(device, [N, K], 'bf16');
    const weights = [
      base,
      ...Array.from({ length: Math.min(copies, 64) - 1 }, () => zerosOn(device, [N, K], 'bf16')),
    ];
    const source = (base.value as { storage: { buffer: Parameters<Device['copy']>[0] } }).storage.buffer;
    for (const weight of weights.slice(1)) {
      const target = (weight.value as { storage: { buffer: Parameters<Device['copy']>[0] } }).storage.buffer;
      device.copy(source, 0, target, 0, K * N * 2);
    }
    const program = await compile({
      label: 'products',
      device,
      inputs: { x: { dtype: 'f32', shape: [M, K] } },
      build: ({ inputs }) => ({
        outputs: Object.fromEntries(
          weights.map((weight, index) => [`y${index}`, matmul(inputs.x!, weight, { transposeB: true })]),
        ),
      }),
    });
    const seconds = (await timeOf(device, 5, () => void program.run({ inputs: { x } }))) / weights.length;
    const bandwidth = (K * N * 2) / seconds / 1e9;
    const rate = (2 * M * K * N) / seconds / 1e12;
    lines.push(
      `${M}x${K}x${N} ${(seconds * 1e6).toFixed(1)} us ${bandwidth.toFixed(0)} GB/s ${rate.toFixed(1)} TFLOP/s`,
    );
    program.dispose();
  }
  return lines.join('; ');
}

async function ssdTime(
  device: Device,
  B: number,
  T: number,
  H: number,
  G: number,
  dtype: DType,
): Promise<string> {
  const { ssdChunkScan } = await import('@hybra/tensor');
  const [P, N] = [64, 128];
  const dt = tensorOn(
    device,
    Float32Array.from({ length: B * T * H }, () => 0.001 + Math.random() * 0.1),
    [B, T, H],
    'f32',
  );
  const A = tensorOn(
    device,
    Float32Array.from({ length: H }, () => -1 - Math.random() * 7),
    [H],
    'f32',
  );
  const slots = tensorOn(
    device,
    Int32Array.from({ length: B }, (_, row) => row),
    [B],
    'i32',
  );
  const x = randomTensor(device, [B, T, H, P], dtype);
  const maps = [0, 1].map(() => randomTensor(device, [B, T, G, N], dtype, 0.3));
  let states = zerosOn(device, [B, H, P, N], 'f32');
  const program = await compile({
    label: 'ssd',
    device,
    states: { h: { dtype: 'f32', shape: [B, H, P, N] } },
    build: ({ states: old }) => {
      const scanned = ssdChunkScan(
        { x, dt, A, B: maps[0]!, C: maps[1]!, states: old.h!, slots },
        { chunkSize: 256 },
      );
      return { outputs: { y: scanned.y }, states: { h: scanned.states } };
    },
  });
  const seconds = await timeOf(device, 10, () => {
    states = program.run({ states: { h: states } }).states.h!;
  });
  return `${(seconds * 1e3).toFixed(3)} ms (${program.stages[0]!.plan.program.calls.map(({ kernel }) => kernel).join(', ')})`;
}

/** Where the time of a decode step goes: by kernel, launched one by one with events between them. */
async function decodeProfile(real: Device, name: PresetName): Promise<string> {
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
  const config = preset(name);
  const model = await modelFromWeights(config, initialWeights(config, 1), { device, dtype: 'bf16' });
  const runner = new Runner(model);
  const generation = await startGeneration(runner, [[1, 2, 3]], runner.initialState(), {
    sampling: { temperature: 0 },
    maxTokens: 24,
  });
  for (let i = 0; i < 16; i++) await generation.next();
  const times = await last!.executable.timings!();
  const byKernel = new Map<string, { time: number; count: number }>();
  for (const [index, time] of times.entries()) {
    const { kernel } = last!.program.calls[index]!;
    const { time: before, count } = byKernel.get(kernel) ?? { time: 0, count: 0 };
    byKernel.set(kernel, { time: before + time, count: count + 1 });
  }
  const rows = [...byKernel].sort(([, a], [, b]) => b.time - a.time).slice(0, 14);
  const total = times.reduce((sum, time) => sum + time, 0);
  const parts = rows.map(([kernel, { time, count }]) => `${kernel} ${count}x ${(time / 1e3).toFixed(0)}`);
  return `${(total / 1e3).toFixed(0)} us in all: ${parts.join(', ')}`;
}

async function modelTimes(real: Device, name: PresetName): Promise<string> {
  const { device, again } = watched(real);
  const config = preset(name);
  const model = await modelFromWeights(config, initialWeights(config, 1), { device, dtype: 'bf16' });
  const runner = new Runner(model);
  const prompt = Array.from({ length: 2048 }, (_, index) => (index * 7919) % 1000);
  const figures = [`${(parameterCount(config) / 1e6).toFixed(1)}M parameters`];
  for (const batch of [1, 64]) {
    const tokens = batch === 1 ? 512 : 128;
    const prompts = Array.from({ length: batch }, () => prompt.slice(0, 16));
    const generation = await startGeneration(runner, prompts, runner.initialState(batch), {
      sampling: { temperature: 0 },
      maxTokens: tokens + 64,
      lookahead: 4,
    });
    for (let i = 0; i < 48; i++) await generation.next();
    const begun = performance.now();
    for (let i = 0; i < tokens; i++) await generation.next();
    const seconds = (performance.now() - begun) / 1000;
    figures.push(`decode batch ${batch} ${((batch * tokens) / seconds).toFixed(0)} tok/s`);
    const step = await timeOf(device, 100, again);
    figures.push(`(the GPU alone ${(step * 1e6).toFixed(0)} us a step, ${(batch / step).toFixed(0)} tok/s)`);
    (await generation.finish()).dispose();
  }
  const rounds: number[] = [];
  for (let round = 0; round < 3; round++) {
    const begun = performance.now();
    const { state } = await runner.forward([prompt], runner.initialState());
    rounds.push(performance.now() - begun);
    state.dispose();
  }
  figures.push(`prefill 2048 ${((prompt.length / Math.min(...rounds)) * 1000).toFixed(0)} tok/s`);
  runner.dispose();
  model.dispose();
  return figures.join(', ');
}
