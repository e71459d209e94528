import { Runner, startGeneration } from '@hybra/generate';
import { type HybridConfig, type Model, preset } from '@hybra/models';
import type { Backend, Device } from '@hybra/spec';
import { mamba2Of27, randomModel, type Storage } from './random-model.js';
import type { Outcome, Section } from './section.js';
import { timeOf, watched } from './timing.js';

/** Decoding with random weights: speeds, and that the persistent kernel and the launches that it replaces agree. */
export function decodeSections(backend: Backend, plain: Backend): Section[] {
  const storages: readonly Storage[] = ['bf16', 'q8', 'q4', 'q4-affine'];
  return [
    ...storages.map((storage) => agreement(backend, plain, storage)),
    speed('bench/decode-130m', backend, preset('mamba2-130m'), 'bf16', { batches: [1, 64] }),
    speed('bench/decode-130m-q8', backend, preset('mamba2-130m'), 'q8', { batches: [1] }),
    ...storages.map((storage) =>
      speed(`bench/decode-2.7b-${storage}`, backend, mamba2Of27(), storage, { batches: [1] }),
    ),
    speed('bench/decode-2.7b-64', backend, mamba2Of27(), 'bf16', { batches: [64] }),
    speed('bench/decode-2.7b-64-bf16-state', backend, mamba2Of27(), 'bf16', {
      batches: [64],
      stateDtype: 'bf16',
    }),
    drift(backend),
  ];
}

/** Largest difference of logits, relative to their deviation, after steps of the same tokens. */
const tolerance = 2e-3;
const agreeingSteps = 24;

function agreement(backend: Backend, plain: Backend, storage: Storage): Section {
  return {
    name: `persistent/agrees-${storage}`,
    async run(): Promise<Outcome> {
      const config = small();
      const logits = await Promise.all(
        [backend, backend, plain].map((each) =>
          withDevice(each, (device) => stepLogits(device, config, storage)),
        ),
      );
      const [first, again, other] = logits as [Float32Array, Float32Array, Float32Array];
      const isSame = first.every((value, index) => value === again[index]);
      const deviation = Math.sqrt(other.reduce((sum, value) => sum + value * value, 0) / other.length);
      const error = first.reduce((most, value, index) => Math.max(most, Math.abs(value - other[index]!)), 0);
      const isClose = error / deviation <= tolerance;
      return {
        passed: isSame && isClose,
        figures: `largest error ${(error / deviation).toExponential(2)} of the deviation${isSame ? '' : ', DIFFERS from run to run'}`,
        problems:
          isSame && isClose
            ? []
            : [`first ${first.slice(0, 4)}, again ${again.slice(0, 4)}, plain ${other.slice(0, 4)}`],
      };
    },
  };
}

/** Three layers of the 130M preset, and three more of one group. */
function small(): HybridConfig {
  const config = preset('mamba2-130m', { vocabularySize: 2048 });
  const layers = config.layers.slice(0, 6);
  return {
    ...config,
    layers: layers.map((layer, index) =>
      layer.kind === 'mamba2' && index >= 3 ? { ...layer, groups: 1 } : layer,
    ),
  };
}

async function withDevice<T>(backend: Backend, use: (device: Device) => Promise<T>): Promise<T> {
  const device = await backend.open();
  try {
    return await use(device);
  } finally {
    await device.dispose();
  }
}

/** Logits after feeding a fixed list of tokens one by one. */
async function stepLogits(
  device: Device,
  config: HybridConfig,
  storage: Storage,
  stateDtype: 'f32' | 'bf16' = 'f32',
  steps = agreeingSteps,
): Promise<Float32Array> {
  const model = randomModel(device, config, storage, stateDtype);
  const runner = new Runner(model);
  let state = runner.initialState();
  let last: Float32Array = new Float32Array(0);
  for (let step = 0; step < steps; step++) {
    const result = await runner.forward([[(step * 7919 + 1) % config.vocabularySize]], state);
    state = result.state;
    last = result.logits.data;
  }
  state.dispose();
  runner.dispose();
  model.dispose();
  return last;
}

function speed(
  name: string,
  backend: Backend,
  config: HybridConfig,
  storage: Storage,
  options: { readonly batches: readonly number[]; readonly stateDtype?: 'f32' | 'bf16' },
): Section {
  return {
    name,
    run: () =>
      withDevice(backend, async (real) => {
        const { device, again } = watched(real);
        const model = randomModel(device, config, storage, options.stateDtype);
        const figures: string[] = [];
        for (const batch of options.batches) figures.push(await decodeSpeed(device, model, batch, again));
        model.dispose();
        return { passed: true, figures: figures.join('; '), problems: [] };
      }),
  };
}

async function decodeSpeed(device: Device, model: Model, batch: number, again: () => void): Promise<string> {
  const runner = new Runner(model);
  const tokens = batch === 1 ? 256 : 48;
  const prompts = Array.from({ length: batch }, (_, row) => [row + 1]);
  const generation = await startGeneration(runner, prompts, runner.initialState(batch), {
    sampling: { temperature: 0 },
    maxTokens: tokens + 32,
    lookahead: 4,
  });
  for (let i = 0; i < 16; i++) await generation.next();
  const begun = performance.now();
  for (let i = 0; i < tokens; i++) await generation.next();
  const seconds = (performance.now() - begun) / 1000;
  const step = await timeOf(device, batch === 1 ? 100 : 20, again);
  (await generation.finish()).dispose();
  runner.dispose();
  const rate = ((batch * tokens) / seconds).toFixed(0);
  return `batch ${batch} ${rate} tok/s (the GPU alone ${(step * 1e6).toFixed(0)} us a step, ${(batch / step).toFixed(0)} tok/s)`;
}

/** How far logits with a bfloat16 state are from those with a float32 state, after 4,096 tokens. */
function drift(backend: Backend): Section {
  const lengths = [64, 1024, 4096];
  return {
    name: 'bench/state-drift',
    async run() {
      const figures: string[] = [];
      for (const length of lengths) {
        const [wide, narrow] = await Promise.all(
          (['f32', 'bf16'] as const).map((dtype) =>
            withDevice(backend, (device) => stepLogits(device, small(), 'bf16', dtype, length)),
          ),
        );
        const squares = (values: ArrayLike<number>): number =>
          Array.from(values).reduce((sum, value) => sum + value * value, 0);
        const difference = wide!.map((value, index) => value - narrow![index]!);
        figures.push(`${length}: ${Math.sqrt(squares(difference) / squares(wide!)).toExponential(2)}`);
      }
      return {
        passed: true,
        figures: `relative error of the logits after ${figures.join(', ')}`,
        problems: [],
      };
    },
  };
}
