/// <reference types="@webgpu/types" />
export { createGpu, type NodeGpuOptions } from './create-gpu.js';
