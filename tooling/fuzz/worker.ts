/**
 * Runs the cases of one target in a process of its own: `worker.ts MODULE TARGET SEED FROM TO`. Every case is
 * announced on file descriptor 3 before it runs, with a write that does not wait for the event loop, so that
 * the parent knows which case hangs or crashes the process.
 */
import { writeSync } from 'node:fs';
import { makeCase } from './make-case.js';
import type { WorkerMessage } from './run-cases.js';
import { targetsOf } from './targets.js';
import { isTypedError } from './verdict.js';

const waitingRoom = new Int32Array(new SharedArrayBuffer(4));

function tell(message: WorkerMessage): void {
  let rest = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(3, rest));
    } catch (error) {
      // The pipe is full: let the parent read.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(waitingRoom, 0, 0, 1);
    }
  }
}

const [module = '', name = '', seedText = '', fromText = '', toText = ''] = process.argv.slice(2);
const target = (await targetsOf(module)).find((each) => each.name === name);
if (!target) throw new Error(`${module} has no target ${name}.`);
const seeds = await target.seeds();
if (seeds.length === 0) throw new Error(`${name} has no seeds.`);

for (let index = Number(fromText); index < Number(toText); index++) {
  const bytes = makeCase(seeds, name, Number(seedText), index);
  tell({ kind: 'start', index });
  try {
    await target.run(bytes);
    tell({ kind: 'accepted', index, megabytes: process.resourceUsage().maxRSS / 1024 });
  } catch (error) {
    const megabytes = process.resourceUsage().maxRSS / 1024;
    if (isTypedError(error)) tell({ kind: 'refused', index, megabytes });
    else {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      tell({ kind: 'untyped', index, message });
    }
  }
}
