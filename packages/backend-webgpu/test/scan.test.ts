import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { data, ssdChunkScan, type Tensor, tensorOn } from '@hybra/tensor';
import { describeWith } from '@hybra/testing';
import { expect, it } from 'vitest';
import { openVulkan } from './open-vulkan.js';

const { backend, vulkan } = await openVulkan();

function numbers(shape: readonly number[], seed: number, scale: number, offset = 0): Float32Array {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from(
    { length: count },
    (_, i) => offset + scale * Math.sin(12.9898 * (i + 1) + 78.233 * seed),
  );
}

/** Heads wider than a tile, states of more columns than one, the last chunk with a rest. */
function scan(device: Device, T: number): { readonly y: Tensor; readonly states: Tensor } {
  const [batch, H, P, G, N, S] = [2, 4, 72, 2, 80, 3];
  const tensor = (shape: readonly number[], seed: number, scale: number, offset = 0): Tensor =>
    tensorOn(device, numbers(shape, seed, scale, offset), shape, 'f32');
  return ssdChunkScan(
    {
      x: tensor([batch, T, H, P], 1, 1),
      dt: tensor([batch, T, H], 2, 0.05, 0.06),
      A: tensor([H], 3, 0.5, -0.8),
      B: tensor([batch, T, G, N], 4, 0.3),
      C: tensor([batch, T, G, N], 5, 0.3),
      states: tensor([S, H, P, N], 6, 0.2),
      slots: tensorOn(device, Int32Array.of(2, 0), [batch], 'i32'),
    },
    { chunkSize: 128 },
  );
}

describeWith(vulkan, 'the chunked scan of Mamba-2 at the sizes of models', () => {
  it.each([20, 128, 200])('%i positions', async (T) => {
    const [device, reference] = await Promise.all([backend.open(), cpu().open()]);
    const [got, expected] = [scan(device, T), scan(reference, T)];
    for (const name of ['y', 'states'] as const) {
      const [found, right] = (await Promise.all([data(got[name]), data(expected[name])])) as [
        Float32Array,
        Float32Array,
      ];
      const largest = right.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      let difference = 0;
      for (const [i, value] of right.entries()) {
        difference = Math.max(difference, Math.abs(value - found[i]!));
      }
      // float32 sums of some hundred terms in another order.
      expect(difference).toBeLessThan(2e-5 * largest);
    }
    await device.dispose();
  });
});
