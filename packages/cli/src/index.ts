export { cpu } from '@hybra/backend-cpu';
export {
  deserializeState,
  Generation,
  generateText,
  loadTokenizerFrom,
  Runner,
  type SamplingOptions,
  SequenceState,
  serializeState,
  startGeneration,
} from '@hybra/generate';
export { loadModel, type Model, preset, presetNames } from '@hybra/models';
export { type Backend, type Device, HybraError } from '@hybra/spec';
export { compile, createRegistry, data, Scope, Tensor, tensorOn } from '@hybra/tensor';
export { loadTokenizer, type Tokenizer } from '@hybra/tokenizer';
export { folderDirectory, httpDirectory } from '@hybra/weights';
export { defaultModel } from './default-model.js';
export { runCommandLine } from './program.js';
export { type ModelOptions, openSession, type Session } from './session/open-session.js';
export type { ExitCode, Terminal } from './session/terminal.js';
