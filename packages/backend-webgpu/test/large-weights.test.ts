import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import {
  compile,
  gatherRows,
  matmul,
  quantizedMatmul,
  quantizedWeight,
  readback,
  type Tensor,
  tensorOn,
} from '@hybra/tensor';
import { describeWith } from '@hybra/testing';
import { expect, it } from 'vitest';
import { requestGpuDevice } from '../src/device/request-gpu-device.js';
import { WebGpuDevice } from '../src/device/webgpu-device.js';
import { standardKernels } from '../src/kernels/index.js';
import { openVulkan } from './open-vulkan.js';

const { gpu, vulkan } = await openVulkan();

/** As if one binding covered so few bytes. */
const largestBinding = 40_000;

async function openSmall(): Promise<WebGpuDevice> {
  const { gpu: raw, info } = await requestGpuDevice(await gpu!.requestAdapter(), 'webgpu');
  const { limits } = raw;
  return new WebGpuDevice({
    backend: 'webgpu',
    name: info.description,
    gpu: raw,
    origin: gpu,
    ownsGpu: true,
    kernels: standardKernels,
    isFusing: true,
    facts: {
      workgroupBytes: limits.maxComputeWorkgroupStorageSize,
      workgroupInvocations: limits.maxComputeInvocationsPerWorkgroup,
      storageBuffers: limits.maxStorageBuffersPerShaderStage,
      largestBinding,
    },
    subgroupSize: undefined,
  });
}

const numbers = (count: number, seed: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(12.9898 * (i + 1) + 78.233 * seed));

/** [N, K] that takes several bindings; the bits of bf16 are cut off. */
const [N, K] = [700, 64];

function dense(device: Device, dtype: 'f32' | 'bf16'): Tensor {
  const values = numbers(N * K, 2);
  const words = Uint16Array.from(new Uint32Array(values.buffer), (word) => word >>> 16);
  return dtype === 'f32' ? tensorOn(device, values, [N, K], 'f32') : tensorOn(device, words, [N, K], 'bf16');
}

function product(device: Device, M: number, dtype: 'f32' | 'bf16'): Tensor {
  const x = tensorOn(device, numbers(M * K, 1), [M, K], 'f32');
  return matmul(x, dense(device, dtype), { transposeB: true });
}

function quantized(device: Device, M: number): Tensor {
  const wide = 128;
  const x = tensorOn(device, numbers(M * wide, 1), [M, wide], 'f32');
  const codes = Uint8Array.from({ length: (N * wide) / 2 }, (_, i) => (i * 37 + (i >> 4)) % 256);
  const scales = numbers((N * wide) / 32, 3).map((value) => (1 + 0.5 * value) / 16);
  const weight = quantizedWeight(
    {
      name: 'test',
      bits: 4,
      blockSize: 32,
      codeLayout: 'u4-low-first',
      scaleDtype: 'f32',
      hasZeroPoints: false,
    },
    {
      codes: tensorOn(device, codes, [N, wide / 2], 'u8'),
      scales: tensorOn(device, scales, [N, wide / 32], 'f32'),
    },
  );
  return quantizedMatmul(x, weight);
}

/** Rows on both sides of a cut, outside the table, and twice the same. */
function rows(device: Device, dtype: 'f32' | 'bf16'): Tensor {
  const indices = Int32Array.of(0, 699, 155, 156, -1, 700, 312, 156);
  return gatherRows(dense(device, dtype), tensorOn(device, indices, [8], 'i32'));
}

/** The result, and how many dispatches made it. */
async function run(device: Device, make: (device: Device) => Tensor) {
  let launches = 0;
  const watched = new Proxy(device, {
    get: (target, property) => {
      const value = Reflect.get(target, property);
      if (property !== 'compile') return typeof value === 'function' ? value.bind(target) : value;
      return async (...parameters: Parameters<Device['compile']>) => {
        const executable = await target.compile(...parameters);
        launches += executable.launches?.reduce((sum, count) => sum + count, 0) ?? 0;
        return executable;
      };
    },
  });
  const program = await compile({
    label: 'test',
    device: watched,
    build: () => ({ outputs: { y: make(watched) } }),
  });
  const data = (await readback(program.run().outputs.y!)) as Float32Array;
  return { data, launches };
}

describeWith(vulkan, 'weights that pass the largest binding', () => {
  it.each<[string, number, (device: Device) => Tensor]>([
    ['a row by float32', 5, (device) => product(device, 1, 'f32')],
    ['three rows by bf16', 3, (device) => product(device, 3, 'bf16')],
    ['many rows by float32', 6, (device) => product(device, 20, 'f32')],
    ['a row by codes of 4 bits', 2, (device) => quantized(device, 1)],
    ['many rows by codes of 4 bits', 2, (device) => quantized(device, 20)],
    ['rows of a table in float32', 5, (device) => rows(device, 'f32')],
    ['rows of a table in bf16', 3, (device) => rows(device, 'bf16')],
  ])('%s', async (_, dispatches, make) => {
    const device = await openSmall();
    const [got, expected] = await Promise.all([
      run(device, make),
      cpu()
        .open()
        .then((each) => run(each, make)),
    ]);
    expect(got.launches).toBe(dispatches);
    let [difference, largest] = [0, 0];
    for (let i = 0; i < expected.data.length; i++) {
      difference = Math.max(difference, Math.abs(got.data[i]! - expected.data[i]!));
      largest = Math.max(largest, Math.abs(expected.data[i]!));
    }
    // Sums of some dozen terms in another order.
    expect(difference).toBeLessThan(2e-6 * largest);
    await device.dispose();
  });

  it('are refused, with the reason, by what cannot bind them in parts', async () => {
    const device = await openSmall();
    const x = { dtype: 'f32', shape: [N, K], strides: [K, 1], offset: 0 } as const;
    const support = device.supports({ op: 'softmax', inputs: [x], outputs: [x], attributes: {} });
    expect(support).toMatchObject({ supported: false });
    expect((support as { readonly reason: string }).reason).toContain('passes the largest binding');
    await device.dispose();
  });
});
