import { cpu } from '@hybra/backend-cpu';
import { webgpu } from '@hybra/backend-webgpu';
import { type Device, HybraError } from '@hybra/spec';
import { createRegistry } from '@hybra/tensor';
import type { DeviceChoice } from './protocol.js';

/** A device, and what a person should know about it. */
export interface OpenedDevice {
  readonly device: Device;
  readonly notice: string | undefined;
}

const onCpu = 'Running on the CPU reference, in plain JavaScript: right, but not fast. For small models.';

/**
 * Opens a device. Left to itself it takes WebGPU on real hardware, otherwise the CPU: a software driver of WebGPU is
 * slower than that; one that cannot be opened gives way to the CPU, with the reason.
 * @throws E_BACKEND_UNAVAILABLE when WebGPU was asked for and is not there
 */
export async function openDevice(choice: DeviceChoice): Promise<OpenedDevice> {
  const gpu = globalThis.navigator?.gpu;
  const registry = createRegistry([webgpu({ gpu }), cpu()]);
  if (choice === 'cpu') return { device: await registry.open('cpu'), notice: onCpu };
  const isSoftware = await hasSoftwareDriver(gpu);
  if (choice === 'webgpu') {
    const device = await registry.open('webgpu');
    return {
      device,
      notice: isSoftware ? 'WebGPU runs on a software driver here, which is slow.' : undefined,
    };
  }
  const probe = (await registry.probe()).get('webgpu');
  let reason = probe?.available === false ? probe.reason : 'WebGPU has only a software driver here';
  if (probe?.available && !isSoftware) {
    try {
      return { device: await registry.open('webgpu'), notice: undefined };
    } catch (error) {
      if (!HybraError.isInstance(error)) throw error;
      reason = error.message.replace(/\.$/, '');
    }
  }
  const sentence = `${reason[0]!.toUpperCase()}${reason.slice(1)}.`;
  return { device: await registry.open('cpu'), notice: `${sentence} ${onCpu}` };
}

async function hasSoftwareDriver(gpu: GPU | undefined): Promise<boolean> {
  const info = (await gpu?.requestAdapter({ powerPreference: 'high-performance' }))?.info;
  if (!info) return false;
  const names = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return info.isFallbackAdapter || /swiftshader|llvmpipe|basic render/i.test(names);
}
