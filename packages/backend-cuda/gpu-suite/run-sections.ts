import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { Outcome, Section } from './section.js';

export interface RunOptions {
  /** Names of the sections to run begin with one of these, divided by commas; all sections without it. */
  readonly only?: string;
  /** No section is begun after so many seconds. */
  readonly seconds: number;
  /** The outcomes go to this file after every section; what has passed in an earlier call is not run again. */
  readonly results?: string;
}

/** Runs the sections in order and prints a row for each as it ends. Returns the process's exit code: 0 if all have passed. */
export async function runSections(sections: readonly Section[], options: RunOptions): Promise<number> {
  const until = performance.now() + options.seconds * 1000;
  const wanted = options.only?.split(',');
  const chosen = sections.filter(({ name }) => !wanted || wanted.some((prefix) => name.startsWith(prefix)));
  const results: Record<string, Outcome> =
    options.results !== undefined && existsSync(options.results)
      ? JSON.parse(readFileSync(options.results, 'utf8'))
      : {};
  for (const section of chosen) {
    if (!results[section.name]?.passed && performance.now() < until) {
      results[section.name] = await outcomeOf(section);
      if (options.results !== undefined) writeFileSync(options.results, JSON.stringify(results, null, 1));
    }
    print(section.name, results[section.name]);
  }
  const passed = chosen.filter(({ name }) => results[name]?.passed).length;
  console.log(`${passed} of ${chosen.length} sections pass`);
  return passed === chosen.length ? 0 : 1;
}

async function outcomeOf(section: Section): Promise<Outcome> {
  const begun = performance.now();
  const outcome = await section.run().catch((error: unknown): Outcome => {
    const problem = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { passed: false, figures: '', problems: [problem] };
  });
  return { ...outcome, seconds: Math.round((performance.now() - begun) / 10) / 100 };
}

function print(name: string, outcome: Outcome | undefined): void {
  const verdict = outcome === undefined ? 'not run' : outcome.passed ? 'pass' : 'FAIL';
  const seconds = String(outcome?.seconds ?? '').padStart(6);
  console.log(`${verdict.padEnd(7)} ${name.padEnd(34)} ${seconds} s  ${outcome?.figures ?? ''}`);
  const problems = outcome === undefined || outcome.passed ? [] : outcome.problems;
  for (const problem of problems.slice(0, 6)) console.log(`          ${problem.slice(0, 400)}`);
}
