import { formatBytes } from '@hybra/tensor';
import { cliRegistry } from '../session/backends.js';
import type { ExitCode, Terminal } from '../session/terminal.js';

/** Lists what every backend finds on this machine, or why it finds nothing. */
export async function devices(terminal: Terminal, options: { readonly json?: boolean }): Promise<ExitCode> {
  const probes = await cliRegistry().probe();
  if (options.json) {
    terminal.out(`${JSON.stringify(Object.fromEntries(probes), null, 2)}\n`);
    return 0;
  }
  for (const [backend, probe] of probes) {
    if (!probe.available) {
      terminal.out(`${backend}: not available: ${probe.reason}${probe.remedy ? ` ${probe.remedy}` : ''}\n`);
      continue;
    }
    for (const { id, name, memoryBytes } of probe.devices) {
      terminal.out(
        `${backend} ${id}: ${name}${memoryBytes === undefined ? '' : `, ${formatBytes(memoryBytes)}`}\n`,
      );
    }
  }
  return 0;
}
