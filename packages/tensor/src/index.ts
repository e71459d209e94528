export type { CompileRequest, PlaceholderType, Tensors, Traced } from './compile/compile.js';
export { compile } from './compile/compile.js';
export type { Plan } from './compile/plan.js';
export type { CaseInput, CaseLayout, CaseValues, OpCase } from './graph/op-case.js';
export type { OpDefinition, Tolerance } from './graph/op-definition.js';
export { record, recordOne } from './graph/record.js';
export {
  bytesOf,
  disposeTensor,
  storageOf,
  storedTensor,
  storedValueOf,
  tensorOn,
  zerosOn,
} from './graph/storage.js';
export { normalizeAxis, Tensor } from './graph/tensor.js';
export { transfer } from './graph/transfer.js';
export type { CallNode, Storage, StoredValue, Value } from './graph/value.js';
export { expand, permute, reshape, slice, split, squeeze, transpose, unsqueeze } from './graph/views.js';
export { opCases } from './ops/cases.js';
export * from './ops/index.js';
export { createRegistry, type Registry } from './registry/create-registry.js';
export {
  CompiledProgram,
  type CompiledStage,
  type RunBindings,
  type RunResult,
} from './run/compiled-program.js';
export { data, type EvaluateOptions, evaluate } from './run/evaluate.js';
export { formatBytes } from './run/explain.js';
export { createProgramCache, type ProgramCache } from './run/program-cache.js';
export { readback } from './run/readback.js';
export { type Disposable, Scope } from './run/scope.js';
