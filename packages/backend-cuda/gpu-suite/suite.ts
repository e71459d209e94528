/*
 * The GPU suite: `node suite.mjs [--only name,…] [--seconds 540] [--results FILE]`. Runs the sections below in order
 * until its time is up; results go to a file, and a later call goes on where the last one stopped. Prints one table,
 * a row as each section ends; ends with 0 only if every section has passed.
 */
import { parseArgs } from 'node:util';
import { cpu } from '@hybra/backend-cpu';
import { cuda } from '@hybra/backend-cuda';
import { benchSections } from './bench.js';
import { conformanceSections } from './conformance.js';
import { decodeSections } from './decode.js';
import { fewRowsSections } from './few-rows.js';
import { prefillSections } from './prefill-bench.js';
import { productSections } from './products.js';
import { runSections } from './run-sections.js';
import type { Section } from './section.js';
import { trainSections } from './train-bench.js';
import { verifySections } from './verify.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '540' },
    results: { type: 'string', default: 'gpu-suite-results.json' },
    products: { type: 'string', default: 'float32' },
    'no-fuse': { type: 'boolean', default: false },
    'no-overlap': { type: 'boolean', default: false },
    'no-persistent': { type: 'boolean', default: false },
    'no-graphs': { type: 'boolean', default: false },
  },
});
const products = values.products === 'bfloat16' ? 'bfloat16' : 'float32';
const backend = cuda({
  products,
  persistent: !values['no-persistent'],
  fuse: !values['no-fuse'],
  graphs: !values['no-graphs'],
  overlap: !values['no-overlap'],
});
const probe = await backend.probe();
if (!probe.available) {
  console.error(`no GPU: ${probe.reason}`);
  process.exit(2);
}
console.log(
  probe.devices.map(({ id, name, memoryBytes }) => `${id}: ${name}, ${memoryBytes} bytes`).join('\n'),
);

const sections: Section[] = [
  ...conformanceSections(backend, cpu()),
  ...productSections(backend, cpu()),
  ...fewRowsSections(backend),
  ...verifySections('cuda'),
  ...decodeSections(backend, cuda({ products, persistent: false })),
  ...benchSections(backend),
  ...prefillSections(backend),
  ...trainSections(backend),
];
process.exit(await runSections(sections, { ...values, seconds: Number(values.seconds) }));
