import { describeWith } from '@hybra/testing';
import { expect, it } from 'vitest';
import { openVulkan } from '../test/open-vulkan.js';
import { webgpu } from './backend.js';

/** A stand-in for `navigator.gpu` that answers with this adapter. */
function gpuWith(adapter: unknown): GPU {
  return { requestAdapter: async () => adapter } as unknown as GPU;
}

const software = { info: { description: 'SwiftShader', isFallbackAdapter: true } };

it('says why there is no device, and what to do', async () => {
  const backend = webgpu({ gpu: undefined });
  expect(await backend.probe()).toMatchObject({ available: false, reason: 'there is no WebGPU here' });
  await expect(backend.open()).rejects.toMatchObject({ code: 'E_BACKEND_UNAVAILABLE' });
  const none = await webgpu({ gpu: gpuWith(null) }).probe();
  expect(none).toMatchObject({ available: false, reason: 'WebGPU found no adapter' });
});

it('turns a failing driver into a reason', async () => {
  const gpu = { requestAdapter: () => Promise.reject(new Error('driver too old')) } as unknown as GPU;
  expect(await webgpu({ gpu }).probe()).toEqual({ available: false, reason: 'driver too old' });
});

it('offers a software adapter unless it is for requests only', async () => {
  const gpu = gpuWith(software);
  expect(await webgpu({ gpu }).probe()).toMatchObject({ available: true });
  const hidden = await webgpu({ gpu, softwareAdapters: 'on-request' }).probe();
  expect(hidden).toMatchObject({ available: false, reason: 'the only adapter is software: SwiftShader' });
});

const { backend, gpu, vulkan } = await openVulkan();

describeWith(vulkan, 'a device that is lost', () => {
  it('rejects what is waiting and refuses everything with E_DEVICE_LOST', async () => {
    const device = await backend.open();
    const buffer = device.allocate(16);
    const waiting = device.read(buffer, 0, 16);
    await device.dispose();
    await expect(waiting).rejects.toMatchObject({ code: 'E_DEVICE_LOST' });
    await expect(device.lost).resolves.toMatchObject({ reason: 'destroyed' });
    expect(() => device.allocate(4)).toThrow(expect.objectContaining({ code: 'E_DEVICE_LOST' }));
  });

  it('refuses to compile and to run what was compiled before', async () => {
    const { compile, fill } = await import('@hybra/tensor');
    const device = await backend.open();
    const build = () => ({ outputs: { y: fill([4], 1) } });
    const program = await compile({ label: 'four', device, build });
    await device.dispose();
    expect(() => program.run()).toThrow(expect.objectContaining({ code: 'E_DEVICE_LOST' }));
    await expect(compile({ label: 'late', device, build })).rejects.toMatchObject({ code: 'E_DEVICE_LOST' });
  });

  it('tells when the GPU device goes away under it', async () => {
    const { createGpu } = await import('@hybra/webgpu-node');
    const gpu = createGpu();
    const raw = await (await gpu.requestAdapter())!.requestDevice();
    const device = await webgpu({ device: raw }).open();
    raw.destroy();
    await expect(device.lost).resolves.toMatchObject({ reason: 'destroyed' });
    await expect(device.synchronize()).rejects.toMatchObject({ code: 'E_DEVICE_LOST' });
  });
});

describeWith(vulkan, 'memory', () => {
  it('refuses what passes the largest buffer, by its size', async () => {
    const device = await backend.open();
    const tooMuch = (await gpu!.requestAdapter())!.limits.maxBufferSize + 1;
    expect(() => device.allocate(tooMuch)).toThrow(expect.objectContaining({ code: 'E_OUT_OF_MEMORY' }));
    await device.dispose();
  });

  it('copies and writes bytes that do not lie on words, also within one buffer', async () => {
    const device = await backend.open();
    const buffer = device.allocate(16);
    device.write(
      buffer,
      0,
      Uint8Array.from({ length: 16 }, (_, i) => i),
    );
    device.copy(buffer, 1, buffer, 6, 5);
    device.write(buffer, 13, Uint8Array.of(99));
    const bytes = await device.read(buffer, 0, 16);
    expect([...bytes]).toEqual([0, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 11, 12, 99, 14, 15]);
    await device.dispose();
  });
});
