import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { attention, cast, data, type Tensor, tensorOn } from '@hybra/tensor';
import { describeWith } from '@hybra/testing';
import { expect, it } from 'vitest';
import { openVulkan } from './open-vulkan.js';

const { backend, vulkan } = await openVulkan();

function numbers(shape: readonly number[], seed: number): Float32Array {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
}

interface Case {
  readonly T: number;
  readonly Dv: number;
  readonly C: number;
  readonly starts: readonly [number, number];
  readonly window?: number;
  readonly ring?: boolean;
  readonly dtype?: 'f32' | 'f16';
}

/** Two sequences, four heads that share two of keys, more than a block of queries and of keys. */
function attend(device: Device, { T, Dv, C, starts, window = 0, ring = false, dtype = 'f32' }: Case): Tensor {
  const [S, Hq, Hkv, D] = [3, 4, 2, 40];
  const tensor = (shape: readonly number[], seed: number): Tensor => {
    const single = tensorOn(device, numbers(shape, seed), shape, 'f32');
    return dtype === 'f32' ? single : cast(single, dtype);
  };
  const whole = (values: readonly number[]): Tensor =>
    tensorOn(device, Int32Array.from(values), [values.length], 'i32');
  return attention(
    {
      q: tensor([2, T, Hq, D], 1),
      k: tensor([S, C, Hkv, D], 2),
      v: tensor([S, C, Hkv, Dv], 3),
      slots: whole([2, 0]),
      starts: whole(starts),
      lengths: whole([starts[0] + T, starts[1] + T - 3]),
    },
    { scale: 0.3, window, ring },
  );
}

describeWith(vulkan, 'attention of many queries', () => {
  it.each<[string, Case]>([
    ['a prompt', { T: 70, Dv: 40, C: 128, starts: [0, 0] }],
    ['a chunk after others, wide values', { T: 80, Dv: 72, C: 256, starts: [100, 7] }],
    ['a window', { T: 130, Dv: 16, C: 256, starts: [30, 0], window: 20 }],
    ['a ring', { T: 20, Dv: 16, C: 128, starts: [200, 90], window: 64, ring: true }],
    ['16 bits', { T: 70, Dv: 40, C: 128, starts: [0, 50], dtype: 'f16' }],
  ])('%s', async (_, options) => {
    const [device, reference] = await Promise.all([backend.open(), cpu().open()]);
    const [got, expected] = await Promise.all(
      [device, reference].map((each) => data(cast(attend(each, options), 'f32'))),
    );
    let difference = 0;
    for (const [i, value] of (expected as Float32Array).entries()) {
      difference = Math.max(difference, Math.abs(value - (got as Float32Array)[i]!));
    }
    // Values are at most 1; their float16 has steps of 2⁻¹¹ there, and may round to either side.
    expect(difference).toBeLessThan(options.dtype === 'f16' ? 2 ** -10 : 5e-6);
    await device.dispose();
  });
});
