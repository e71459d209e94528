import { cpu } from '@hybra/backend-cpu';
import { supportTable } from '@hybra/backend-testkit';
import type { Backend, Device } from '@hybra/spec';
import type { TextFile } from '../workspace/members.js';

/** The columns of the table. Only backends that every machine can open: the file must not depend on where it is made. */
const backends: readonly (() => Backend)[] = [cpu];

/** docs/ops.md: what each op means and which device has a kernel for it, as the conformance kit sees it. */
export async function opsTable(): Promise<TextFile> {
  const devices: Device[] = [];
  try {
    for (const backend of backends) devices.push(await backend().open());
    return { path: 'docs/ops.md', text: supportTable(devices) };
  } finally {
    await Promise.all(devices.map((device) => device.dispose()));
  }
}
