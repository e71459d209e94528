import cliProgress from 'cli-progress';
import type { Terminal } from './terminal.js';

/** A bar for work of known size: shown only to a person, and only if the work lasts. */
export interface Progress {
  update(done: number, total: number): void;
  stop(): void;
}

/** Milliseconds of work before a bar appears. */
const patience = 500;

/** A progress bar on standard error; silent where nobody looks. */
export function progressBar(terminal: Terminal, label: string, unit: string): Progress {
  if (!terminal.isInteractive) return { update: () => {}, stop: () => {} };
  const bar = new cliProgress.SingleBar(
    {
      format: `${label} {bar} {percentage}% | {value}/{total} ${unit} | {eta_formatted}`,
      hideCursor: true,
      clearOnComplete: true,
      stream: process.stderr,
    },
    cliProgress.Presets.shades_classic,
  );
  const started = performance.now();
  let isShown = false;
  return {
    update(done, total) {
      if (!isShown && performance.now() - started > patience && done < total) {
        bar.start(total, done);
        isShown = true;
      }
      if (isShown) bar.update(done);
    },
    stop() {
      if (isShown) bar.stop();
    },
  };
}
