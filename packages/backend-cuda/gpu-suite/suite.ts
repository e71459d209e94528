/*
 * The GPU suite: `node suite.mjs [--only name,…] [--seconds 540] [--results FILE]`. Runs the sections below in order
 * until its time is up; results go to a file, and a later call goes on where the last one stopped. Prints one table;
 * ends with 0 only if every section has passed.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cpu } from '@hybra/backend-cpu';
import { cuda } from '@hybra/backend-cuda';
import { benchSections } from './bench.js';
import { conformanceSections } from './conformance.js';
import { decodeSections } from './decode.js';
import { prefillSections } from './prefill-bench.js';
import { productSections } from './products.js';
import type { Outcome, Section } from './section.js';
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
const started = performance.now();
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
  ...verifySections('cuda'),
  ...decodeSections(backend, cuda({ products, persistent: false })),
  ...benchSections(backend),
  ...prefillSections(backend),
  ...trainSections(backend),
];
const wanted = values.only?.split(',');
const chosen = sections.filter(({ name }) => !wanted || wanted.some((prefix) => name.startsWith(prefix)));
const results: Record<string, Outcome> = existsSync(values.results)
  ? JSON.parse(readFileSync(values.results, 'utf8'))
  : {};
for (const section of chosen) {
  if (results[section.name]?.passed) continue;
  if (performance.now() - started > Number(values.seconds) * 1000) break;
  const begun = performance.now();
  let outcome: Outcome;
  try {
    outcome = await section.run();
  } catch (error) {
    outcome = {
      passed: false,
      figures: '',
      problems: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
    };
  }
  results[section.name] = { ...outcome, seconds: Math.round((performance.now() - begun) / 10) / 100 };
  writeFileSync(values.results, JSON.stringify(results, null, 1));
}

let failed = 0;
for (const { name } of chosen) {
  const result = results[name];
  if (!result?.passed) failed += 1;
  const verdict = result === undefined ? 'not run' : result.passed ? 'pass' : 'FAIL';
  console.log(
    `${verdict.padEnd(7)} ${name.padEnd(34)} ${String(result?.seconds ?? '').padStart(6)} s  ${result?.figures ?? ''}`,
  );
  for (const problem of result?.passed ? [] : (result?.problems ?? []).slice(0, 6)) {
    console.log(`          ${problem.slice(0, 400)}`);
  }
}
console.log(`${chosen.length - failed} of ${chosen.length} sections pass`);
process.exit(failed > 0 ? 1 : 0);
