import type { Backend, Device } from '@hybra/spec';
import type { TextFile } from '../workspace/members.js';

type SupportTable = (devices: readonly Device[]) => string | Promise<string>;

/** Backends of the support table, by package and by the name of the function that makes them. */
const backends = [{ module: '@hybra/backend-cpu', factory: 'cpu' }] as const;

async function openDevices(): Promise<Device[]> {
  const devices: Device[] = [];
  for (const { module, factory } of backends) {
    const entry = (await import(module)) as Record<string, unknown>;
    const backend = (entry[factory] as () => Backend)();
    if ((await backend.probe()).available) devices.push(await backend.open());
  }
  return devices;
}

/**
 * docs/ops.md: which device has a kernel for which op, as the conformance kit sees it.
 * @returns `undefined` while the kit exports no `supportTable`
 */
export async function opsTable(): Promise<TextFile | undefined> {
  const kit = (await import('@hybra/backend-testkit')) as { readonly supportTable?: SupportTable };
  if (!kit.supportTable) return undefined;
  const devices = await openDevices();
  try {
    return { path: 'docs/ops.md', text: await kit.supportTable(devices) };
  } finally {
    await Promise.all(devices.map((device) => device.dispose()));
  }
}
