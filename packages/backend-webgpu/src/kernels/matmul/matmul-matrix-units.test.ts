import { contiguousStrides, type DType, type OpCall, type ProgramCall } from '@hybra/spec';
import { compile, matmul, zerosOn } from '@hybra/tensor';
import { expect, it } from 'vitest';
import { webgpu } from '../../backend.js';
import { requestGpuDevice } from '../../device/request-gpu-device.js';
import type { DeviceFacts } from '../../kernel.js';
import { shaderOf } from '../../wgsl/shader.js';
import { matmulMatrixUnitsKernel } from './matmul-matrix-units.js';

const facts: DeviceFacts = {
  workgroupBytes: 32768,
  workgroupInvocations: 256,
  storageBuffers: 8,
  subgroupSize: 32,
  usesMatrixUnits: true,
};

function product(M: number, K: number, N: number, weight: DType): OpCall {
  const type = (shape: readonly number[], dtype: DType) => ({
    dtype,
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
  });
  return {
    op: 'matmul',
    inputs: [type([M, K], 'f32'), type([N, K], weight)],
    outputs: [{ dtype: 'f32', shape: [M, N] }],
    attributes: { transposeA: false, transposeB: true },
  };
}

it('is for devices that were opened for it', () => {
  const { usesMatrixUnits, ...plain } = facts;
  const call = product(64, 64, 64, 'bf16');
  expect(matmulMatrixUnitsKernel.supports(call, plain)).toMatchObject({ supported: false });
  expect(matmulMatrixUnitsKernel.supports(call, facts)).toMatchObject({ supported: true });
});

it.each<[[number, number, number, DType], string]>([
  [[60, 64, 64, 'bf16'], 'rows'],
  [[64, 48, 64, 'bf16'], 'terms'],
  [[64, 64, 72, 'bf16'], 'columns'],
  [[64, 64, 64, 'f32'], 'weights that would lose digits'],
])('leaves %o: %s', (size, _) => {
  expect(matmulMatrixUnitsKernel.supports(product(...size), facts)).toMatchObject({ supported: false });
});

// No driver here has matrix units; Dawn's own check of the shader needs none.
it('compiles, for few tiles as a sum of parts', async () => {
  const { createGpu } = await import('@hybra/webgpu-node');
  const gpu = createGpu({ api: 'null', toggles: ['allow_unsafe_apis'] });
  const device = await webgpu({ gpu, products: 'float16' }).open();
  for (const [M, K, N, dtype] of [
    [256, 128, 8192, 'bf16'],
    [16, 2560, 64, 'f16'],
  ] as const) {
    const weight = zerosOn(device, [N, K], dtype);
    const program = await compile({
      label: 'product',
      device,
      inputs: { x: { dtype: 'f32', shape: [M, K] } },
      build: ({ inputs }) => ({ outputs: { y: matmul(inputs.x!, weight, { transposeB: true }) } }),
    });
    const [call] = program.stages[0]!.plan.program.calls;
    expect(call!.kernel).toBe('webgpu/matmul-matrix-units');
    program.run({ inputs: { x: zerosOn(device, [M, K], 'f32') } });
    await device.synchronize();
  }
  await device.dispose();
});

it('compiles in large tiles, which that device has no memory for', async () => {
  const { createGpu } = await import('@hybra/webgpu-node');
  const adapter = await createGpu({ api: 'null', toggles: ['allow_unsafe_apis'] }).requestAdapter();
  const { gpu } = await requestGpuDevice(adapter, 'webgpu', true);
  const [M, K, N] = [256, 2560, 1024];
  const { inputs, outputs, ...rest } = product(M, K, N, 'bf16');
  const call: ProgramCall = {
    ...rest,
    kernel: matmulMatrixUnitsKernel.name,
    inputs: inputs.map((input, buffer) => ({ ...input, buffer })),
    outputs: [{ ...outputs[0]!, strides: [N, 1], offset: 0, buffer: 2 }],
    scratch: { buffer: 3, byteLength: 2 ** 26 },
  };
  const context = { facts: { ...facts, workgroupBytes: 49_152 }, isInPlace: () => false };
  const [dispatch] = matmulMatrixUnitsKernel.build(call, context);
  expect(dispatch!.code).toContain('workgroup_size(128)');
  gpu.pushErrorScope('validation');
  gpu.createShaderModule({ code: shaderOf(call, dispatch!).code });
  expect((await gpu.popErrorScope())?.message).toBeUndefined();
  gpu.destroy();
});
