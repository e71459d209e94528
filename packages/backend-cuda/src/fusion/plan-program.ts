import type { Program } from '@hybra/spec';
import type { CudaKernel } from '../kernel.js';
import type { Launch } from '../launch/launch.js';
import { fuseProduct } from './fuse-product.js';
import { fuseSsd } from './fuse-ssd.js';
import { ProgramMemory } from './program-memory.js';

/** The launches of every call, in order; a call that is computed with a later one has none. */
export function planProgram(
  program: Program,
  kernels: readonly CudaKernel[],
  isFusing: boolean,
): readonly (readonly Launch[])[] {
  const planned: (readonly Launch[] | undefined)[] = program.calls.map(() => undefined);
  if (isFusing && program.calls.length > 1) {
    const memory = new ProgramMemory(program);
    for (const index of program.calls.keys()) {
      if (planned[index] !== undefined) continue;
      const fusion = fuseSsd(memory, index) ?? fuseProduct(memory, index);
      if (!fusion || fusion.members.some((member) => planned[member] !== undefined)) continue;
      for (const member of fusion.members) planned[member] = [];
      planned[Math.max(...fusion.members)] = fusion.launches;
    }
  }
  return planned.map((launches, index) => launches ?? kernels[index]!.plan(program.calls[index]!));
}
