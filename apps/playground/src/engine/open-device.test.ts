import { afterEach, expect, test, vi } from 'vitest';
import { openDevice } from './open-device.js';

afterEach(() => vi.unstubAllGlobals());

/** A browser's WebGPU with one adapter. @returns what its adapter is asked for a device with */
function stubGpu(info: Partial<GPUAdapterInfo>) {
  const requestDevice = vi.fn().mockRejectedValue(new Error('the driver said no'));
  const limits = new Proxy({}, { get: () => 2 ** 30 });
  const adapter = {
    features: new Set(),
    limits,
    requestDevice,
    info: { vendor: '', architecture: '', device: '', description: '', isFallbackAdapter: false, ...info },
  };
  vi.stubGlobal('navigator', { gpu: { requestAdapter: async () => adapter } });
  return requestDevice;
}

test('WebGPU that was asked for and is not there is an error, not another device', async () => {
  vi.stubGlobal('navigator', {});
  await expect(openDevice('webgpu')).rejects.toMatchObject({ code: 'E_BACKEND_UNAVAILABLE' });
});

test('without WebGPU it is the CPU, with the reason', async () => {
  vi.stubGlobal('navigator', {});
  const { device, notice } = await openDevice('automatic');
  expect(device.name).toContain('CPU');
  expect(notice).toMatch(/^There is no WebGPU here\. Running on the CPU reference/);
  await device.dispose();
});

test('real hardware is tried first; if it does not open, it is the CPU with what the driver said', async () => {
  const requestDevice = stubGpu({ vendor: 'nvidia', architecture: 'hopper' });
  const { device, notice } = await openDevice('automatic');
  expect(requestDevice).toHaveBeenCalled();
  expect(device.name).toContain('CPU');
  expect(notice).toContain('the driver said no');
  await device.dispose();
});

test.each([
  { isFallbackAdapter: true },
  { description: 'SwiftShader Device' },
  { device: 'llvmpipe (LLVM 19)' },
])('a software driver is not taken unless asked for: %o', async (info) => {
  const requestDevice = stubGpu(info);
  const { device, notice } = await openDevice('automatic');
  expect(requestDevice).not.toHaveBeenCalled();
  expect(notice).toContain('only a software driver');
  await device.dispose();
  await expect(openDevice('webgpu')).rejects.toThrow('the driver said no');
});
