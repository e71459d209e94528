import { writeFileSync } from 'node:fs';
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import { type Summary, summarise, type TestOutcome } from './summary.js';

function reasonOf(test: TestCase): string {
  const result = test.result();
  if (result.state === 'skipped' && result.note) return result.note;
  let task: TestCase | TestCase['parent'] = test;
  while (task.type !== 'module') {
    const reason = task.meta().skipReason;
    if (reason) return reason;
    task = task.parent;
  }
  return 'no reason given';
}

function outcomeOf(test: TestCase): TestOutcome {
  const state = test.result().state;
  if (state === 'passed') return { kind: 'passed' };
  if (state === 'skipped') return { kind: 'skipped', name: test.fullName, reason: reasonOf(test) };
  return { kind: 'failed' };
}

/** A file that could not be collected, or a hook that failed, has errors without any failed test. */
function failuresWithoutTest(module: TestModule): TestOutcome[] {
  const suites = [module, ...module.children.allSuites()];
  return suites.flatMap((suite) => suite.errors().map((): TestOutcome => ({ kind: 'failed' })));
}

function print(summary: Summary): void {
  for (const { reason, names } of summary.skips) {
    process.stdout.write(`skipped ${names.length} (${reason}): ${names.slice(0, 3).join('; ')}`);
    process.stdout.write(names.length > 3 ? `; and ${names.length - 3} more\n` : '\n');
  }
}

/** Lists the skips with their reasons, and leaves the counts in the file that `HYBRA_TEST_SUMMARY` names. */
export class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const outcomes = modules.flatMap((module) => [
      ...[...module.children.allTests()].map(outcomeOf),
      ...failuresWithoutTest(module),
    ]);
    const summary = summarise([...outcomes, ...unhandledErrors.map((): TestOutcome => ({ kind: 'failed' }))]);
    print(summary);
    const file = process.env.HYBRA_TEST_SUMMARY;
    if (file) writeFileSync(file, JSON.stringify(summary));
  }
}
