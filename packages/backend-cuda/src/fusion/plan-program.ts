import type { Program } from '@hybra/spec';
import type { CudaKernel } from '../kernel.js';
import type { Launch } from '../launch/launch.js';

/** The launches of every call, in order; a call that is computed with a later one has none. */
export function planProgram(
  program: Program,
  kernels: readonly CudaKernel[],
  _isFusing: boolean,
): readonly (readonly Launch[])[] {
  return program.calls.map((call, index) => kernels[index]!.plan(call));
}
