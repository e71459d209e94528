import { cpu } from '@hybra/backend-cpu';
import type { Device, OpCall } from '@hybra/spec';
import { data, moe, type Tensor, tensorOn } from '@hybra/tensor';
import { describeWith } from '@hybra/testing';
import { expect, it } from 'vitest';
import { openVulkan } from './open-vulkan.js';

const { backend, vulkan } = await openVulkan();

const [D, F, E, K] = [72, 104, 5, 2];

function numbers(shape: readonly number[], seed: number): Float32Array {
  const count = shape.reduce((product, extent) => product * extent, 1);
  return Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
}

/** Bits of bf16, cut off. */
const bf16 = (values: Float32Array): Uint16Array =>
  Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16);

/** Every fourth pair has no expert; one expert has most of the others, and one has none. */
function mixture(device: Device, rows: number, isGated: boolean): Tensor {
  const tensor = (shape: readonly number[], seed: number): Tensor =>
    tensorOn(device, numbers(shape, seed), shape, 'f32');
  const half = (shape: readonly number[], seed: number): Tensor =>
    tensorOn(device, bf16(numbers(shape, seed)), shape, 'bf16');
  const ids = Int32Array.from({ length: rows * K }, (_, i) => [1, 3, 1, -1, 4, 1, 2, 9][i % 8]!);
  return moe(
    {
      x: tensor([rows, D], 1),
      ids: tensorOn(device, ids, [rows, K], 'i32'),
      weights: tensor([rows, K], 2),
      up: half([E, F, D], 3),
      down: half([E, D, F], 4),
      ...(isGated && { gate: half([E, F, D], 5) }),
    },
    { activation: isGated ? 'silu' : 'gelu' },
  );
}

describeWith(vulkan, 'a mixture of experts', () => {
  it.each<[string, number, boolean]>([
    ['a row', 1, true],
    ['few rows without gates', 3, false],
    ['many rows', 150, true],
    ['many rows without gates', 70, false],
  ])('%s', async (_, rows, isGated) => {
    const [device, reference] = await Promise.all([backend.open(), cpu().open()]);
    const [got, expected] = (await Promise.all(
      [device, reference].map((each) => data(mixture(each, rows, isGated))),
    )) as [Float32Array, Float32Array];
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    let difference = 0;
    for (const [i, value] of expected.entries()) {
      difference = Math.max(difference, Math.abs(value - got[i]!));
    }
    // Two sums of about a hundred terms in another order.
    expect(difference).toBeLessThan(5e-6 * largest);
    await device.dispose();
  });

  it('goes by rows or by tiles', async () => {
    const device = await backend.open();
    const call = (rows: number): OpCall => {
      const type = (dtype: 'f32' | 'i32' | 'bf16', ...shape: number[]) => ({
        dtype,
        shape,
        strides: shape.map((_, axis) =>
          shape.slice(axis + 1).reduce((product, extent) => product * extent, 1),
        ),
        offset: 0,
      });
      const x = type('f32', rows, D);
      return {
        op: 'moe',
        inputs: [x, type('i32', rows, K), type('f32', rows, K), type('bf16', E, F, D), type('bf16', E, D, F)],
        outputs: [x],
        attributes: { activation: 'silu' },
      };
    };
    expect(device.supports(call(2))).toMatchObject({ supported: true, kernel: 'webgpu/moe-rows' });
    expect(device.supports(call(100))).toMatchObject({ supported: true, kernel: 'webgpu/moe-tiled' });
    await device.dispose();
  });
});
