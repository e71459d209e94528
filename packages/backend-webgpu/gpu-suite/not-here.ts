import type { Backend } from '@hybra/spec';
import { specVersion } from '@hybra/spec';

function absent(name: string): Backend {
  const reason = 'not part of this bundle';
  return {
    name,
    specVersion,
    probe: async () => ({ available: false, reason }),
    open: async () => {
      throw new Error(reason);
    },
  };
}

/** Stands in for the CPU's compiled backend, which does not travel with the suite. */
export const native = (): Backend => absent('native');

/** Stands in for the CUDA backend. */
export const cuda = (): Backend => absent('cuda');
