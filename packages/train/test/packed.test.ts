import { cpu } from '@hybra/backend-cpu';
import { type HybridConfig, initialWeights, type LayerConfig } from '@hybra/models';
import type { Device } from '@hybra/spec';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  arrayTokens,
  type Batch,
  createTrainer,
  documentBatches,
  packedBatches,
  type TrainerOptions,
} from '../src/index.js';
import { countingTokens, tinyHybrid } from './tiny-model.js';

let device: Device;
beforeAll(async () => {
  device = await cpu().open();
});
afterAll(() => device.dispose());

const time = 24;
const tokens = arrayTokens(countingTokens(200));
/** Lengths 5, 3, 12, 2, 9, 7: some shorter than the convolution, one beginning right after a chunk of the scan. */
const ends = [6, 10, 23, 26, 36, 44];

/** Every document in a row of its own, and the same documents behind one another in two packed rows. */
function bothWays(): { alone: Batch; packed: Batch } {
  const alone = documentBatches(tokens, ends, { rows: ends.length, time, seed: 1 }).at(0);
  const packed = packedBatches(tokens, ends, { rows: 2, time, seed: 1 }).at(0);
  return { alone, packed };
}

/** Loss, and what one step left in the first moments: the mean gradient, times 0.1. */
async function gradientOf(batch: Batch, config: HybridConfig, options: Partial<TrainerOptions> = {}) {
  const trainer = await createTrainer({
    device,
    config,
    weights: initialWeights(config, 1),
    batch: batch.rows,
    time,
    clip: Number.POSITIVE_INFINITY,
    packed: batch.places !== undefined,
    ...options,
  });
  const evaluated = await trainer.meanLoss([batch]);
  const { loss, norm } = await trainer.takeStep(batch, 0);
  const moments = new Map<string, Float32Array>();
  for (const { name, bytes } of trainer.snapshot()) {
    if (name.startsWith('first'))
      moments.set(
        name,
        new Float32Array((typeof bytes === 'function' ? await bytes() : bytes).slice().buffer),
      );
  }
  trainer.dispose();
  return { loss, evaluated, norm, moments };
}

const layers: Record<string, LayerConfig> = {
  'mamba-2': tinyHybrid.layers[0]!,
  mamba: tinyHybrid.layers[4]!,
  attention: tinyHybrid.layers[2]!,
  'attention with RoPE': {
    ...(tinyHybrid.layers[2] as Extract<LayerConfig, { kind: 'attention' }>),
    rope: { rotarySize: 4, theta: 100, scaling: { kind: 'none' } },
  },
  'attention with a window': {
    ...(tinyHybrid.layers[2] as Extract<LayerConfig, { kind: 'attention' }>),
    window: 4,
  },
  convolution: { kind: 'convolution', kernelSize: 3, bias: true },
  recurrent: { kind: 'recurrent', innerSize: 16, blocks: 2, kernelSize: 4, activation: 'gelu' },
  'delta net': {
    kind: 'deltaNet',
    keyHeads: 2,
    valueHeads: 4,
    keySize: 4,
    valueSize: 4,
    kernelSize: 4,
    normEpsilon: 1e-5,
  },
};

describe('refuses', () => {
  const made = (options: Partial<TrainerOptions>) =>
    createTrainer({
      device,
      config: tinyHybrid,
      weights: initialWeights(tinyHybrid, 1),
      batch: 2,
      time,
      ...options,
    });

  it('places without packing, packing without places, and places that jump', async () => {
    const { packed, alone } = bothWays();
    const plain = await made({});
    const packing = await made({ packed: true });
    await expect(plain.takeStep(packed, 1e-3)).rejects.toThrow(/packed: false, and the batch has places/);
    await expect(packing.takeStep({ ...alone, rows: 2 }, 1e-3)).rejects.toThrow(/the batch has no places/);
    for (const wrong of [
      packed.places!.with(0, 1),
      packed.places!.with(4, 9),
      packed.places!.with(time, 3),
    ]) {
      await expect(packing.takeStep({ ...packed, places: wrong }, 1e-3)).rejects.toMatchObject({
        code: 'E_ARGUMENT',
      });
    }
    plain.dispose();
    packing.dispose();
  });

  it('to tune initial states that packed documents do not have', async () => {
    await expect(made({ packed: true, mode: { kind: 'state' } })).rejects.toMatchObject({ code: 'E_CONFIG' });
  });
});

it('packs every document once, whole, with its targets, in any epoch', () => {
  const data = packedBatches(tokens, ends, { rows: 2, time, seed: 5 });
  for (const epoch of [0, 1]) {
    const { ids, targets, places } = data.at(epoch);
    const documents: number[][] = [];
    for (const [index, place] of places!.entries()) {
      if (place === 0) documents.push([ids[index]!]);
      if (targets[index]! >= 0) documents.at(-1)!.push(targets[index]!);
    }
    const starts = [0, ...ends];
    const expected = ends.map((end, index) => [...countingTokens(200).subarray(starts[index], end)]);
    const longer = documents.filter(({ length }) => length > 1); // the rest is padding
    expect(longer.map(String).sort()).toEqual(expected.map(String).sort());
  }
  expect(data.perEpoch).toBe(1);
});

describe('gives losses and gradients of each document alone', () => {
  for (const [name, layer] of Object.entries(layers)) {
    it(name, async () => {
      // Two of a kind, so that what the first mixes up reaches the second.
      await compare({ ...tinyHybrid, layers: [layer, layer] });
    });
  }

  it('all kinds together, with recomputation and accumulation', async () => {
    await compare(tinyHybrid, { recompute: true });
    await compare(tinyHybrid, { batch: 1, accumulation: 2 });
  });
});

async function compare(config: HybridConfig, options: Partial<TrainerOptions> = {}): Promise<void> {
  const { alone, packed } = bothWays();
  const one = await gradientOf(alone, config);
  const other = await gradientOf(packed, config, options);
  // Float32: sums in another order, and a decay of e⁻²⁴ for one of 0.
  expect(Math.abs(other.loss - one.loss)).toBeLessThan(1e-6 * one.loss);
  expect(Math.abs(other.evaluated - one.evaluated)).toBeLessThan(1e-6 * one.loss);
  for (const [name, expected] of one.moments) {
    const got = other.moments.get(name)!;
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const furthest = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - got[i]!)), 0);
    expect(furthest, name).toBeLessThanOrEqual(1e-5 * largest);
    if (!name.includes('bias')) expect(largest, name).toBeGreaterThan(0);
  }
}
