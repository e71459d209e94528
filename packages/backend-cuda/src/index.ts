export { type CudaOptions, cuda } from './backend.js';
export type { CudaKernel, CudaSupport } from './kernel.js';
export { type KernelOptions, standardKernels } from './kernels/index.js';
export type { Launch, Parameter, Place } from './launch/launch.js';
