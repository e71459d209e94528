import { type ExitCode, runCommandLine, type Terminal } from 'hybra';
import colours from 'picocolors';

/** What a command wrote and how it ended. */
export interface CommandResult {
  readonly exitCode: ExitCode;
  readonly out: string;
  readonly notes: string;
}

/** Runs the command line in this process and captures what it writes. @param onOut called for each piece of the result */
export async function run(
  args: readonly string[],
  signal: AbortSignal = new AbortController().signal,
  onOut: () => void = () => {},
): Promise<CommandResult> {
  let out = '';
  let notes = '';
  const terminal: Terminal = {
    out: (text) => {
      out += text;
      onOut();
    },
    note: (line) => {
      notes += `${line}\n`;
    },
    isInteractive: false,
    colours: colours.createColors(false),
    signal,
  };
  return { exitCode: await runCommandLine(args, terminal), out, notes };
}
