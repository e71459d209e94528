export type { Backend, DeviceDescription, OpenOptions, Probe } from './backend.js';
export type {
  Capabilities,
  CompileOptions,
  Device,
  DeviceBuffer,
  DeviceLoss,
  Executable,
} from './device.js';
export {
  byteSize,
  type DType,
  dtypes,
  type HostArray,
  hostArray,
  hostView,
  isDType,
  isFloat,
  isHalf,
  isInteger,
} from './dtype.js';
export { type ErrorCode, type ErrorDetails, HybraError, throwIfAborted } from './errors.js';
export { canFuse, type FusedAccess, type FusedCalls, isUnneeded } from './fusing/can-fuse.js';
export { type CallAccesses, type MemoryRange, overlap, ProgramMemory } from './fusing/program-memory.js';
export type { Attributes, AttributeValue, KernelSupport, KernelTraits, OpCall, Support } from './op-call.js';
export {
  byteLengthOf,
  contiguousStrides,
  elementCount,
  formatType,
  isContiguous,
  type StridedType,
  spanOf,
  type TensorType,
} from './operand.js';
export {
  type BufferLocation,
  type Operand,
  type Program,
  type ProgramBinding,
  type ProgramBuffer,
  type ProgramCall,
  specVersion,
} from './program.js';
export type { QuantScheme } from './quant-scheme.js';
export { checkProgram, type ProgramRules } from './serving/check-program.js';
export { checkRange } from './serving/check-range.js';
export { PendingReads } from './serving/pending-reads.js';
export { resolveKernels } from './serving/resolve-kernels.js';
export { mandatoryOps, type OpName, opSignatures } from './signatures/index.js';
export type { OpSignature } from './signatures/op-signature.js';
