/**
 * `pnpm fuzz [--count 10000] [--seed 1] [--target NAME] [--case N] [--record]
 * [--milliseconds 2000] [--megabytes 1024]`:
 * mutated inputs against every parser. A parser accepts an input or refuses it with a typed error; anything
 * else fails the run, and the input is kept under .hybra/fuzz. `--record` also writes docs/fuzz-record.md.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from '../workspace/root.js';
import { makeCase } from './make-case.js';
import { type RecordedTarget, writeRecord } from './record.js';
import { type CaseFailure, type CaseLimits, runCases } from './run-cases.js';
import { type FoundTarget, findTargets } from './targets.js';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string' },
    case: { type: 'string' },
    record: { type: 'boolean', default: false },
    milliseconds: { type: 'string', default: '2000' },
    megabytes: { type: 'string', default: '1024' },
  },
});

function wholeNumber(name: string, text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`--${name} is "${text}", expected a whole number.`);
  return Number(text);
}

async function keep(target: FoundTarget, seed: number, failure: CaseFailure): Promise<void> {
  const folder = join(root, '.hybra/fuzz', target.name.replace(/[^\w.-]+/g, '-'));
  const file = join(folder, `seed-${seed}-case-${failure.index}.bin`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, makeCase(await target.seeds(), target.name, seed, failure.index));
  process.stdout.write(
    `  ${failure.kind} in case ${failure.index}: ${failure.detail.replaceAll('\n', '\n  ')}\n`,
  );
  process.stdout.write(`  input: ${file}\n`);
  process.stdout.write(
    `  again: pnpm fuzz --target '${target.name}' --seed ${seed} --case ${failure.index}\n`,
  );
}

async function main(): Promise<number> {
  const seed = wholeNumber('seed', values.seed);
  const limits: CaseLimits = {
    milliseconds: wholeNumber('milliseconds', values.milliseconds),
    megabytes: wholeNumber('megabytes', values.megabytes),
  };
  const from = values.case === undefined ? 0 : wholeNumber('case', values.case);
  const to = values.case === undefined ? wholeNumber('count', values.count) : from + 1;
  const all = await findTargets(root);
  const targets = all.filter((each) => values.target === undefined || each.name === values.target);
  if (targets.length === 0) {
    throw new Error(
      `no target${values.target ? ` ${values.target}` : ''}; there are: ${all.map((each) => each.name).join(', ')}`,
    );
  }
  const summary: object[] = [];
  const record: RecordedTarget[] = [];
  let failed = 0;
  for (const target of targets) {
    const start = performance.now();
    const counts = await runCases({ module: target.module, target: target.name, seed, from, to }, limits);
    const seconds = Number(((performance.now() - start) / 1000).toFixed(1));
    const { accepted, refused, failures } = counts;
    failed += failures.length;
    process.stdout.write(
      `${target.name}: ${accepted} accepted, ${refused} refused, ${failures.length} failed in ${seconds} s\n`,
    );
    for (const failure of failures) await keep(target, seed, failure);
    record.push({ target: target.name, seed, cases: to - from, accepted, refused, failed: failures.length });
    summary.push({ target: target.name, seed, from, to, seconds, ...counts });
  }
  mkdirSync(join(root, '.hybra/fuzz'), { recursive: true });
  const report = { node: process.versions.node, limits, targets: summary };
  writeFileSync(join(root, '.hybra/fuzz/summary.json'), `${JSON.stringify(report, undefined, 2)}\n`);
  if (values.record) writeRecord(join(root, 'docs/fuzz-record.md'), record);
  return failed;
}

try {
  process.exitCode = (await main()) > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`pnpm fuzz: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
