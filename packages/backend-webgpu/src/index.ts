/// <reference types="@webgpu/types" />
export { type WebGpuOptions, webgpu } from './backend.js';
export type {
  BuildContext,
  DeviceFacts,
  Dispatch,
  DispatchOperand,
  OperandView,
  Parameter,
  Place,
  WebGpuKernel,
  WebGpuSupport,
} from './kernel.js';
export { mandatoryKernels, standardKernels } from './kernels/index.js';
export { type MapPlan, mapDispatch } from './wgsl/map.js';
