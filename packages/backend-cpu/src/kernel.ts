import type { HostArray, KernelSupport, OpCall, OpName } from '@hybra/spec';

/** Scratch memory of one call: the same bytes, seen as several types. Empty if the kernel asked for none. */
export interface Scratch {
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  readonly doubles: Float64Array;
}

/**
 * Executes one call. Every array begins at its operand's first element, so a kernel adds strides and never
 * an offset. A contiguous operand's array has exactly its elements; a strided one's reaches its last element.
 */
export type KernelRun = (
  inputs: readonly HostArray[],
  outputs: readonly HostArray[],
  scratch: Scratch,
) => void;

/** A kernel's answer about one call: what it promises, or why it cannot. */
export type CpuSupport = KernelSupport;

/**
 * One way to compute one op on this backend. A kernel is a value: pass your own in front of
 * {@link standardKernels}, and the first that supports a call gets it.
 * @example
 * const device = await cpu({ kernels: [myRmsNorm, ...standardKernels] }).open();
 */
export interface CpuKernel {
  /** Unique name, such as `cpu/matmul`. */
  readonly name: string;
  readonly op: OpName;
  /** Whether it can run this call. Depends on the call alone, never on its data. */
  supports(call: OpCall): CpuSupport;
  /** Prepares a supported call: whatever depends on shapes, strides and attributes alone is done here, once. */
  build(call: OpCall): KernelRun;
}
