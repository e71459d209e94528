export { type CpuOptions, cpu } from './backend.js';
export type { CpuKernel, CpuSupport, KernelRun, Scratch } from './kernel.js';
export { mandatoryKernels, standardKernels } from './kernels/index.js';
