import { gradients } from '@hybra/autograd';
import { cpu } from '@hybra/backend-cpu';
import { type HybridConfig, initialWeights } from '@hybra/models';
import type { Device } from '@hybra/spec';
import {
  crossEntropy,
  data,
  literal,
  matmul,
  mul,
  rmsNorm,
  ssdChunkScan,
  sum,
  type Tensor,
  tensorOn,
} from '@hybra/tensor';
import { describeWith } from '@hybra/testing';
import { arrayTokens, createTrainer, streamBatches, train } from '@hybra/train';
import { expect, it } from 'vitest';
import { openVulkan } from './open-vulkan.js';

const { backend, vulkan } = await openVulkan();

/** Numbers that repeat from run to run, in −1 … 1. */
function numbers(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
}

const normAndLoss = async (device: Device): Promise<number[][]> => {
  const x = tensorOn(device, numbers(6 * 32, 1), [6, 32], 'f32');
  const weight = tensorOn(device, numbers(32, 2), [32], 'f32');
  const head = tensorOn(device, numbers(16 * 32, 3), [16, 32], 'f32');
  const targets = literal([3, 1, 15, 0, 7, 7], [6], 'i32');
  const logits = matmul(rmsNorm(x, weight, { epsilon: 1e-5 }), head, { transposeB: true });
  return read(device, gradients(sum(crossEntropy(logits, targets)), [x, weight, head]));
};

const scan = async (device: Device): Promise<number[][]> => {
  const x = tensorOn(device, numbers(20 * 2 * 8, 1), [1, 20, 2, 8], 'f32');
  const dt = tensorOn(
    device,
    numbers(20 * 2, 2).map((value) => 0.2 + 0.1 * value),
    [1, 20, 2],
    'f32',
  );
  const A = tensorOn(device, [-1, -0.5], [2], 'f32');
  const B = tensorOn(device, numbers(20 * 4, 3), [1, 20, 1, 4], 'f32');
  const C = tensorOn(device, numbers(20 * 4, 4), [1, 20, 1, 4], 'f32');
  const states = tensorOn(device, numbers(2 * 8 * 4, 5), [1, 2, 8, 4], 'f32');
  const slots = literal([0], [1], 'i32');
  const { y } = ssdChunkScan({ x, dt, A, B, C, states, slots }, { chunkSize: 8 });
  const weights = literal([...numbers(20 * 2 * 8, 6)], [1, 20, 2, 8], 'f32');
  return read(device, gradients(sum(mul(y, weights)), [x, dt, A, B, C, states]));
};

async function read(device: Device, tensors: readonly Tensor[]): Promise<number[][]> {
  const found: number[][] = [];
  for (const tensor of tensors) found.push(Array.from(await data(tensor, { device })));
  return found;
}

const tiny: HybridConfig = {
  family: 'mamba2-hybrid',
  vocabularySize: 32,
  hiddenSize: 16,
  layers: [
    {
      kind: 'mamba2',
      heads: 2,
      headSize: 16,
      stateSize: 8,
      groups: 1,
      kernelSize: 4,
      chunkSize: 8,
      projectionBias: false,
      convolutionBias: true,
      normEpsilon: 1e-5,
      normBeforeGate: false,
      timeStepLimit: [0, Number.POSITIVE_INFINITY],
    },
  ],
  norm: { kind: 'rms', epsilon: 1e-5 },
  isTied: true,
};

describeWith(vulkan, 'training through Dawn', () => {
  it.each([
    ['a norm, a product and cross entropy', normAndLoss],
    ['the chunked scan, states and all', scan],
  ])('%s have the gradients of the reference', async (_, gradientsOn) => {
    const device = await backend.open();
    const reference = await cpu().open();
    const expected = await gradientsOn(reference);
    const got = await gradientsOn(device);
    for (const [index, values] of expected.entries()) {
      const size = Math.max(1, ...values.map(Math.abs));
      for (const [i, value] of values.entries()) {
        // Sums of some hundred terms in float32, in another order (2⁻²⁴ · √n), through e^x where there are decays.
        expect(Math.abs(got[index]![i]! - value), `gradient ${index}, ${i}`).toBeLessThan(1e-4 * size);
      }
    }
    await device.dispose();
    await reference.dispose();
  });

  it('learns a line in twelve steps, by the losses of the reference', async () => {
    const losses = async (device: Device): Promise<number[]> => {
      const found: number[] = [];
      const trainer = await createTrainer({
        device,
        config: tiny,
        weights: initialWeights(tiny, 1),
        batch: 2,
        time: 16,
      });
      const tokens = Uint8Array.from({ length: 200 }, (_, i) => (i * i) % 23);
      await train(trainer, {
        data: streamBatches(arrayTokens(tokens), { rows: 2, time: 16, seed: 1 }),
        schedule: { kind: 'constant', peak: 1e-2, steps: 12 },
        onEvent: (event) => {
          if (event.kind === 'step') found.push(event.loss);
        },
      });
      await device.dispose();
      return found;
    };
    const got = await losses(await backend.open());
    const expected = await losses(await cpu().open());
    expect(got).toHaveLength(12);
    expect(got.at(-1)).toBeLessThan(got[0]! - 0.3);
    // AdamW divides by the root of tiny squares, so that differences grow from step to step.
    for (const [step, loss] of expected.entries()) expect(Math.abs(got[step]! - loss)).toBeLessThan(5e-3);
  });
});
