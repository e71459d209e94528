import { HybraError } from '@hybra/spec';
import { formatBytes } from '@hybra/tensor';
import { parseHubName } from '../hub/hub-name.js';
import { downloadModel } from '../session/model-path.js';
import type { ExitCode, Terminal } from '../session/terminal.js';

/** Brings a model of the hub into the cache and prints where it is. */
export async function download(
  terminal: Terminal,
  model: string,
  options: { readonly json?: boolean },
): Promise<ExitCode> {
  const name = parseHubName(model);
  if (name === undefined) {
    throw new HybraError(
      'E_ARGUMENT',
      `${model} is no name of a model on the hub. Expected owner/name, owner/name@revision or owner/name/file.gguf.`,
      { model },
    );
  }
  const snapshot = await downloadModel(terminal, name);
  if (options.json) terminal.out(`${JSON.stringify({ ...name, ...snapshot })}\n`);
  else {
    if (snapshot.bytes > 0) terminal.note(`commit ${snapshot.commit}, ${formatBytes(snapshot.bytes)}`);
    terminal.out(`${snapshot.path}\n`);
  }
  return 0;
}
