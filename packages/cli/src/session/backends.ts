import { cpu } from '@hybra/backend-cpu';
import { createRegistry, type Registry } from '@hybra/tensor';

/** The backends of the command line, in order of preference. */
export function cliRegistry(): Registry {
  return createRegistry([cpu()]);
}
