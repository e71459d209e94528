import { cpu } from '@hybra/backend-cpu';
import { native } from '@hybra/backend-native';
import type { Backend, Device } from '@hybra/spec';
import { describeWith, requirement } from '@hybra/testing';
import { afterAll, beforeAll } from 'vitest';

// Activations that are rounded to 8 bits are no smooth function: differences would see the steps.
const backends: readonly Backend[] = [
  cpu(),
  native({ halfProducts: 'float32', quantizedProducts: 'float32' }),
];

/** Registers `body`'s tests once for each backend that has to have the gradients. */
export async function onEachDevice(use: (device: Device) => void, body: () => void): Promise<void> {
  for (const backend of backends) {
    const there = await requirement(backend.name, async () => {
      const probe = await backend.probe();
      return probe.available ? undefined : probe.reason;
    });
    describeWith(there, `on ${backend.name}`, () => {
      let device: Device | undefined;
      beforeAll(async () => {
        device = await backend.open();
        use(device);
      });
      afterAll(() => device?.dispose());
      body();
    });
  }
}
