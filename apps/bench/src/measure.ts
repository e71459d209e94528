import { type CeilingMeter, ceilingMeter, native } from '@hybra/backend-native';
import { Runner, startGeneration } from '@hybra/generate';
import { modelFromWeights } from '@hybra/models';
import type { BenchModel, BenchTask } from './cases.js';
import { fastest, measurePeer, type Peer } from './peer.js';
import { quantizedModel } from './quantized-model.js';
import { randomWeights } from './random-weights.js';
import { type Spread, spreadOf } from './statistics.js';
import { isQuantized, type WeightType } from './weight-type.js';
import { workOf } from './work.js';

/** One line of the table. Speeds are tokens per second. */
export interface Result {
  readonly model: string;
  readonly dtype: string;
  readonly threads: number;
  readonly task: string;
  readonly device: string;
  readonly speed: Spread;
  /** What the machine allowed at the time. */
  readonly ceiling: Spread;
  readonly peer?: Spread;
}

/** How to measure. */
export interface MeasureOptions {
  readonly dtype: WeightType;
  readonly threads: number;
  readonly repeats: number;
  readonly tasks: readonly BenchTask[];
  readonly peer?: Peer;
  readonly onProgress?: (text: string) => void;
}

/** Loads a model and measures every task on it. */
export async function measureModel(bench: BenchModel, options: MeasureOptions): Promise<Result[]> {
  const { dtype, threads } = options;
  const config = bench.config();
  const device = await native({ threads }).open();
  await using meter = await ceilingMeter({ threads });
  try {
    const model = isQuantized(dtype)
      ? quantizedModel(config, dtype, device)
      : await modelFromWeights(config, randomWeights(config), { device, dtype });
    const work = workOf(config, model, dtype);
    const longest = Math.max(...options.tasks.map(({ tokens }) => tokens)) + 64;
    const runner = new Runner(model, { capacity: longest, contextLength: longest });
    const results: Result[] = [];
    for (const task of options.tasks) {
      options.onProgress?.(`${bench.name} ${dtype}, ${threads} threads: ${task.name}`);
      const allowed = (machine: CeilingMeter): number => {
        const { operationsPerSecond, readBytesPerSecond } = machine.measure();
        return task.kind === 'prefill'
          ? operationsPerSecond / work.operationsPerToken
          : readBytesPerSecond / work.bytesPerToken;
      };
      await speedOf(runner, task); // compiles, and fills caches
      const samples: { speed: number; ceiling: number; peer: number[] | undefined }[] = [];
      for (let repeat = 0; repeat < options.repeats; repeat++) {
        const ceiling = allowed(meter);
        const speed = await speedOf(runner, task);
        const peer = options.peer && (await measurePeer(options.peer, task, threads));
        samples.push({ speed, ceiling, peer });
      }
      const peer = fastest(samples.flatMap(({ peer }) => (peer === undefined ? [] : [peer])));
      results.push({
        model: bench.name,
        dtype,
        threads,
        task: task.name,
        device: device.name,
        speed: spreadOf(samples.map(({ speed }) => speed)),
        ceiling: spreadOf(samples.map(({ ceiling }) => ceiling)),
        ...(peer && { peer }),
      });
    }
    runner.dispose();
    model.dispose();
    return results;
  } finally {
    await device.dispose();
  }
}

/** Tokens per second of one run. */
async function speedOf(runner: Runner, task: BenchTask): Promise<number> {
  const promptLength = task.kind === 'prefill' ? task.tokens : 16;
  const { vocabularySize } = runner.model;
  const prompt = Array.from({ length: promptLength }, (_, index) => (index * 7919) % vocabularySize);
  if (task.kind === 'prefill') {
    const start = performance.now();
    const { state } = await runner.forward([prompt], runner.initialState());
    const seconds = (performance.now() - start) / 1000;
    state.dispose();
    return task.tokens / seconds;
  }
  const generation = await startGeneration(runner, [prompt], runner.initialState(), {
    sampling: { temperature: 0 },
    maxTokens: task.tokens + 1,
  });
  await generation.next();
  const start = performance.now();
  while ((await generation.next()) !== undefined) {}
  const seconds = (performance.now() - start) / 1000;
  (await generation.finish()).dispose();
  return task.tokens / seconds;
}
