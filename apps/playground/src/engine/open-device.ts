import { cpu } from '@hybra/backend-cpu';
import type { Device } from '@hybra/spec';
import { createRegistry } from '@hybra/tensor';

/** A device, and what a person should know about it. */
export interface OpenedDevice {
  readonly device: Device;
  readonly notice: string | undefined;
}

/** Opens the best device that this browser has. @throws E_BACKEND_UNAVAILABLE */
export async function openDevice(): Promise<OpenedDevice> {
  const device = await createRegistry([cpu()]).open();
  return {
    device,
    notice:
      'Running on the CPU reference in plain JavaScript: every number is right, none of them is fast. Small models only.',
  };
}
