export { Generation, type GenerationOptions, type StepTokens, startGeneration } from './decode/generation.js';
export type { ForwardOptions, TokenRows } from './runner/feed.js';
export { fromLeftPadded } from './runner/left-padding.js';
export { PoolRuntime } from './runner/pool-runtime.js';
export { type HostLogits, Runner, type RunnerOptions } from './runner/runner.js';
export { type ResolvedSampling, resolveSampling, type SamplingOptions } from './sampling/sampling-options.js';
export { type SequenceRow, SequenceState } from './state/sequence-state.js';
export {
  deserializeState,
  type HostStateTensor,
  readState,
  serializeState,
} from './state/serialize-state.js';
export {
  type FinishReason,
  type GeneratedText,
  type GenerateTextOptions,
  type GenerationTiming,
  generateText,
} from './text/generate-text.js';
export { loadTokenizerFrom } from './text/load-tokenizer-from.js';
export { StopMatcher, type StopStep } from './text/stop-matcher.js';
