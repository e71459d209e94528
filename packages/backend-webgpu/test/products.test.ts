import { cpu } from '@hybra/backend-cpu';
import type { Device, DType } from '@hybra/spec';
import { data, matmul, quantizedMatmul, quantizedWeight, type Tensor, tensorOn } from '@hybra/tensor';
import { describeWith } from '@hybra/testing';
import { expect, it } from 'vitest';
import { openVulkan } from './open-vulkan.js';

const { backend, vulkan } = await openVulkan();

function numbers(count: number, seed: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));
}

/** Bits of bf16, cut off. */
function bf16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer);
  return Uint16Array.from(bits, (word) => word >>> 16);
}

function dense(device: Device, [M, K, N]: Size, dtype: DType): Tensor {
  const values = numbers(N * K, 2);
  const weight = tensorOn(device, dtype === 'bf16' ? bf16(values) : values, [N, K], dtype);
  return matmul(tensorOn(device, numbers(M * K, 1), [M, K], 'f32'), weight, { transposeB: true });
}

function quantized(device: Device, [M, K, N]: Size, bits: 4 | 8, hasZeroPoints: boolean): Tensor {
  const bytes = Int8Array.from({ length: (N * K * bits) / 8 }, (_, i) => (i * 37 + (i >> 4)) % 256);
  const scales = numbers((N * K) / 32, 3).map((value) => (1 + 0.5 * value) / 16);
  const zeros = numbers((N * K) / 32, 4).map((value) => Math.round(4 + 3 * value));
  const weight = quantizedWeight(
    {
      name: 'test',
      bits,
      blockSize: 32,
      codeLayout: bits === 4 ? 'u4-low-first' : 'i8',
      scaleDtype: 'f32',
      hasZeroPoints,
    },
    {
      codes: tensorOn(
        device,
        bits === 4 ? new Uint8Array(bytes.buffer) : bytes,
        [N, (K * bits) / 8],
        bits === 4 ? 'u8' : 'i8',
      ),
      scales: tensorOn(device, scales, [N, K / 32], 'f32'),
      ...(hasZeroPoints && { zeros: tensorOn(device, zeros, [N, K / 32], 'f32') }),
    },
  );
  return quantizedMatmul(tensorOn(device, numbers(M * K, 1), [M, K], 'f32'), weight);
}

type Size = readonly [M: number, K: number, N: number];

describeWith(vulkan, 'products of the sizes of models', () => {
  it.each([
    ['a row, two columns a workgroup', [1, 512, 37], 'bf16'],
    ['few lanes', [3, 96, 10], 'f32'],
    ['blocks with rests', [70, 64, 132], 'bf16'],
    ['terms split among workgroups', [20, 1024, 68], 'f32'],
  ] as const)('%s: %o of %s', async (_, size, dtype) => {
    await compare((device) => dense(device, size, dtype), size[1]);
  });

  it.each([
    ['a row', [1, 1024, 37], 4, false],
    ['a row with zero points', [1, 96, 9], 4, true],
    ['rows of more than the workgroup memory takes', [4, 4096, 3], 8, false],
    ['blocks with rests', [67, 96, 132], 4, true],
    ['blocks of bytes', [16, 512, 64], 8, false],
  ] as const)('%s: %o, %d bits', async (_, size, bits, hasZeros) => {
    await compare((device) => quantized(device, size, bits, hasZeros), size[1]);
  });
});

async function compare(build: (device: Device) => Tensor, terms: number): Promise<void> {
  const device = await backend.open();
  const reference = await cpu().open();
  const got = await data(build(device), { device });
  const expected = await data(build(reference), { device: reference });
  const size = Math.max(...Array.from(expected, Math.abs));
  expect(size).toBeGreaterThan(0);
  // Rounding of float32 sums in another order: 2⁻²⁴ a term at worst, of terms no larger than the largest sum.
  const tolerance = Math.max(size * terms * 2 ** -24, 1e-6);
  for (const [i, value] of Array.from(expected).entries()) {
    expect(Math.abs(got[i]! - value), `element ${i}`).toBeLessThan(tolerance);
  }
  await device.dispose();
  await reference.dispose();
}
