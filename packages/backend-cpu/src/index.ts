export { type CpuOptions, cpu } from './backend.js';
export type { CpuKernel, CpuSupport, KernelRun, Scratch } from './kernel.js';
export { mandatoryKernels, recurrentKernels, standardKernels } from './kernels/index.js';
