import type { Backend, OpenOptions } from '@hybra/spec';
import { type LosableDevice, losableDevice } from './losable-device.js';

/** A backend whose devices a test can lose. */
export interface LossyBackend extends Backend {
  open(options?: OpenOptions): Promise<LosableDevice>;
}

/** Wraps a backend so that every device it opens is a {@link LosableDevice}. */
export function lossyBackend(backend: Backend): LossyBackend {
  return {
    name: backend.name,
    specVersion: backend.specVersion,
    probe: () => backend.probe(),
    open: async (options) => losableDevice(await backend.open(options)),
  };
}
