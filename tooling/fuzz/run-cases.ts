import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** What a worker says about a case. */
export type WorkerMessage =
  | { readonly kind: 'start'; readonly index: number }
  | { readonly kind: 'accepted' | 'refused'; readonly index: number; readonly megabytes: number }
  | { readonly kind: 'untyped'; readonly index: number; readonly message: string };

/** A case that went wrong. */
export interface CaseFailure {
  readonly index: number;
  readonly kind: 'untyped error' | 'hang' | 'crash' | 'memory';
  readonly detail: string;
}

/** Counts of a run over one target. */
export interface CaseCounts {
  readonly accepted: number;
  readonly refused: number;
  readonly failures: readonly CaseFailure[];
}

/** Limits of one case. */
export interface CaseLimits {
  readonly milliseconds: number;
  readonly megabytes: number;
}

/** Which cases to run. */
export interface CaseRange {
  readonly module: string;
  readonly target: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

const worker = fileURLToPath(new URL('./worker.ts', import.meta.url));
const loader = import.meta.resolve('tsx');
/** After this many failures of one target the rest would say nothing new. */
const mostFailures = 20;
/** Time to start a process and to read the seeds. */
const startMilliseconds = 60_000;

interface Batch {
  readonly accepted: number;
  readonly refused: number;
  readonly failures: readonly CaseFailure[];
  /** First case that has not run. */
  readonly next: number;
}

/** Runs cases in one process until they are done or one of them takes the process with it. */
function runBatch(range: CaseRange, limits: CaseLimits): Promise<Batch> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [
        '--import',
        loader,
        `--max-old-space-size=${limits.megabytes}`,
        worker,
        range.module,
        range.target,
        String(range.seed),
        String(range.from),
        String(range.to),
      ],
      { stdio: ['ignore', 'ignore', 'pipe', 'pipe'] },
    );
    let accepted = 0;
    let refused = 0;
    let running: number | undefined;
    let next = range.from;
    let stop: CaseFailure['kind'] | undefined;
    const failures: CaseFailure[] = [];
    let errors = '';
    child.stderr!.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4000);
    });

    const kill = (kind: CaseFailure['kind']): void => {
      stop ??= kind;
      child.kill('SIGKILL');
    };
    let timer = setTimeout(() => kill('hang'), startMilliseconds);
    const receive = (message: WorkerMessage): void => {
      clearTimeout(timer);
      timer = setTimeout(() => kill('hang'), limits.milliseconds);
      if (message.kind === 'start') {
        running = message.index;
        return;
      }
      running = undefined;
      next = message.index + 1;
      if (message.kind === 'untyped') {
        failures.push({ index: message.index, kind: 'untyped error', detail: message.message });
      } else if (message.megabytes > limits.megabytes) {
        const detail = `peak of ${Math.round(message.megabytes)} MB, limit ${limits.megabytes} MB`;
        failures.push({ index: message.index, kind: 'memory', detail });
        kill('memory'); // The peak of a process never falls: go on in a fresh one.
      } else if (message.kind === 'accepted') accepted += 1;
      else refused += 1;
    };
    const lines = createInterface({ input: child.stdio[3] as Readable });
    lines.on('line', (line) => {
      if (stop === undefined) receive(JSON.parse(line) as WorkerMessage);
    });

    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (running !== undefined) {
        const kind = stop ?? 'crash';
        const detail =
          kind === 'hang'
            ? `not done after ${limits.milliseconds} ms`
            : `process ended with ${signal ?? `exit code ${code}`}\n${errors}`;
        failures.push({ index: running, kind, detail });
        next = running + 1;
      } else if (stop === undefined && code !== 0) {
        reject(new Error(`${range.target}: the worker failed outside any case:\n${errors}`));
        return;
      }
      resolve({ accepted, refused, failures, next });
    });
  });
}

/**
 * Runs cases `from` to `to` (not included), starting a new process after each that hangs, crashes or takes too
 * much memory. Ends early after twenty failures.
 */
export async function runCases(range: CaseRange, limits: CaseLimits): Promise<CaseCounts> {
  let accepted = 0;
  let refused = 0;
  const failures: CaseFailure[] = [];
  let from = range.from;
  while (from < range.to && failures.length < mostFailures) {
    const batch = await runBatch({ ...range, from }, limits);
    if (batch.next === from && batch.failures.length === 0) throw new Error(`${range.target}: no progress.`);
    accepted += batch.accepted;
    refused += batch.refused;
    failures.push(...batch.failures);
    from = batch.next;
  }
  return { accepted, refused, failures };
}
