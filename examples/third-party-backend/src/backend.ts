import { type Backend, HybraError, specVersion, throwIfAborted } from '@hybra/spec';
import { PlainDevice } from './device.js';

/** A backend with the mandatory ops and nothing else. Everything runs at once, in the caller's turn. */
export function plain(): Backend {
  return {
    name: 'plain',
    specVersion,
    probe: async () => ({ available: true, devices: [{ id: '0', name: 'Plain loops' }] }),
    async open({ id = '0', signal } = {}) {
      throwIfAborted(signal, 'open plain');
      if (id !== '0')
        throw new HybraError('E_BACKEND_UNAVAILABLE', `plain: there is no device ${id}.`, { id });
      return new PlainDevice();
    },
  };
}
