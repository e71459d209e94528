import colours from 'picocolors';

/** Where a command writes, and whether a person is looking. */
export interface Terminal {
  /** The result alone: text, or JSON with `--json`. */
  readonly out: (text: string) => void;
  /** Everything else. */
  readonly note: (line: string) => void;
  /** Whether notes go to a terminal (progress bars, colours). */
  readonly isInteractive: boolean;
  readonly colours: ReturnType<typeof colours.createColors>;
  /** Fires on Ctrl-C, on SIGTERM, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
}

/** How a command ends: 0 fine, 1 a check failed, 2 an error, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 130;

/**
 * The process's terminal. The first Ctrl-C asks the command to stop cleanly; a second one ends the process.
 */
export function processTerminal(): Terminal {
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(new Error('interrupted'));
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  for (const stream of [process.stdout, process.stderr]) {
    // A closed pipe (`hybra generate | head`) is a wish to stop, not a failure.
    stream.on('error', () => controller.abort(new Error('output closed')));
  }
  const isInteractive = process.stderr.isTTY === true;
  return {
    out: (text) => void process.stdout.write(text),
    note: (line) => void process.stderr.write(`${line}\n`),
    isInteractive,
    colours: colours.createColors(isInteractive && !process.env.NO_COLOR),
    signal: controller.signal,
  };
}
