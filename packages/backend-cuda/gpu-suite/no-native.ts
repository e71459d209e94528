import type { Backend } from '@hybra/spec';
import { specVersion } from '@hybra/spec';

/** Stands in for the CPU's compiled backend, which does not travel with the suite. */
export function native(): Backend {
  const reason = 'not part of this bundle';
  return {
    name: 'native',
    specVersion,
    probe: async () => ({ available: false, reason }),
    open: async () => {
      throw new Error(reason);
    },
  };
}
