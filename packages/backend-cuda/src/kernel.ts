import type { KernelSupport, OpCall, OpName, ProgramCall } from '@hybra/spec';
import type { Launch } from './launch/launch.js';

/** A kernel's answer about one call: what it promises, or why it cannot. */
export type CudaSupport = KernelSupport;

/**
 * One way to compute one op on this backend. A kernel is a value: put your own in front of `standardKernels()`,
 * and the first that supports a call gets it.
 */
export interface CudaKernel {
  /** Unique name, such as `cuda/gemv`. */
  readonly name: string;
  readonly op: OpName;
  /** Whether it can run this call. Depends on the call alone, never on its data. */
  supports(call: OpCall): CudaSupport;
  /** What to launch for a supported call, in order. Nothing is launched while planning. */
  plan(call: ProgramCall): readonly Launch[];
}
