import { Runner } from '@hybra/generate';
import {
  type HostWeights,
  type HybridConfig,
  initialWeights,
  modelFromWeights,
  parameterSpecs,
  preset,
} from '@hybra/models';
import type { Backend, Device } from '@hybra/spec';
import { measured, type Section } from './section.js';
import { profileOf, timed } from './train-bench.js';

/** The published 2.7B: 64 layers of width 2,560, 80 heads, one group. */
function mamba2Of27(): HybridConfig {
  const base = preset('mamba2-130m');
  const [layer] = base.layers;
  const wide = { ...layer!, heads: 80, groups: 1 } as typeof layer;
  return { ...base, hiddenSize: 2560, layers: Array.from({ length: 64 }, () => wide!) };
}

/** Weights of the right scale that cost nothing to make: layers share those of the first, which repeat themselves. */
function cheapWeights(config: HybridConfig): HostWeights {
  const one = { ...config, hiddenSize: 64, vocabularySize: 64, layers: config.layers.slice(0, 1) };
  const small = initialWeights(one, 1);
  const made = new Map<string, Float32Array>();
  const weights = new Map<string, Float32Array>();
  for (const { name, shape, sharedWith } of parameterSpecs(config)) {
    if (sharedWith !== undefined) continue;
    const key = name.replace(/\d+/, '0');
    let values = made.get(key);
    if (!values) {
      values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
      const seed = small.get(key)!;
      const scale =
        shape.length === 2 && shape[1] === config.hiddenSize ? 64 ** 0.5 / config.hiddenSize ** 0.5 : 1;
      for (let i = 0; i < Math.min(seed.length, values.length); i++) values[i] = seed[i]! * scale;
      for (let done = Math.min(seed.length, values.length); done < values.length; done *= 2) {
        values.copyWithin(done, 0, Math.min(done, values.length - done));
      }
      made.set(key, values);
    }
    weights.set(name, values);
  }
  return weights;
}

async function prefill(device: Device, config: HybridConfig, lengths: readonly number[]): Promise<string> {
  const model = await modelFromWeights(config, cheapWeights(config), { device, dtype: 'bf16' });
  const runner = new Runner(model, { programBytes: 8 * 2 ** 30 });
  const figures: string[] = [];
  for (const length of lengths) {
    const prompt = Array.from({ length }, (_, index) => (index * 7919) % 1000);
    const rounds: number[] = [];
    let areFinite = true;
    for (let round = 0; round < 5; round++) {
      const begun = performance.now();
      const { state, logits } = await runner.forward([prompt], runner.initialState());
      rounds.push(performance.now() - begun);
      areFinite &&= logits.data.every(Number.isFinite);
      state.dispose();
    }
    const best = Math.min(...rounds);
    figures.push(
      `${length}: ${best.toFixed(2)} ms, ${((length / best) * 1000).toFixed(0)} tok/s${areFinite ? '' : ', not finite'}`,
    );
  }
  runner.dispose();
  model.dispose();
  return figures.join('; ');
}

/** Prompts of the lengths that the peers were measured at. */
export function prefillSections(backend: Backend): Section[] {
  const section = (name: string, run: (device: Device) => Promise<string>): Section =>
    measured(backend, name, run);
  return [
    section('bench/prefill-130m', (device) => prefill(device, preset('mamba2-130m'), [2048, 16_384])),
    section('bench/prefill-2.7b', (device) => prefill(device, mamba2Of27(), [2048, 16_384])),
    ...Object.entries({ '130m': preset('mamba2-130m'), '2.7b': mamba2Of27() }).map(([name, config]) =>
      section(`bench/profile-prefill-${name}`, async (real) => {
        const { device, last } = timed(real);
        const model = await modelFromWeights(config, cheapWeights(config), { device, dtype: 'bf16' });
        const runner = new Runner(model);
        const prompt = Array.from({ length: 2048 }, (_, index) => (index * 7919) % 1000);
        const { state } = await runner.forward([prompt], runner.initialState());
        state.dispose();
        const { program, executable } = last()!;
        return profileOf(program, executable, 20);
      }),
    ),
  ];
}
