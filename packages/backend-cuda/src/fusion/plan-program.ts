import { type Program, ProgramMemory } from '@hybra/spec';
import type { CudaKernel } from '../kernel.js';
import type { Launch } from '../launch/launch.js';
import { type PersistentHost, type PlannedCall, planPersistent } from '../persistent/plan-persistent.js';
import { fuseElements } from './fuse-elements.js';
import { fuseHeadProducts } from './fuse-head-products.js';
import { fuseNormGradient } from './fuse-norm-gradient.js';
import { fuseAdamW, fuseSquares } from './fuse-optimizer.js';
import { fuseProduct } from './fuse-product.js';
import { fuseSsd } from './fuse-ssd.js';
import { fuseSsdGradient } from './fuse-ssd-gradient.js';
import { narrowValues } from './narrow-values.js';

/**
 * The launches of every call, in order; a call that is computed with a later one has none.
 * @param persistent the GPU, where runs of launches may become one
 */
export function planProgram(
  given: Program,
  kernels: readonly CudaKernel[],
  isFusing: boolean,
  persistent?: PersistentHost,
): readonly (readonly Launch[])[] {
  const program = isFusing ? narrowValues(given) : given;
  const planned: (PlannedCall | undefined)[] = program.calls.map(() => undefined);
  const memory = new ProgramMemory(program);
  if (isFusing && program.calls.length > 1) {
    for (const index of program.calls.keys()) {
      if (planned[index] !== undefined) continue;
      const fusion =
        fuseSsd(memory, index) ??
        fuseSsdGradient(memory, index) ??
        fuseHeadProducts(memory, index) ??
        fuseNormGradient(memory, index) ??
        fuseAdamW(memory, index) ??
        fuseSquares(memory, index) ??
        fuseElements(memory, index) ??
        fuseProduct(memory, index);
      if (!fusion || fusion.members.some((member) => planned[member] !== undefined)) continue;
      for (const member of fusion.members) planned[member] = { launches: [], members: [] };
      planned[fusion.at ?? Math.max(...fusion.members)] = fusion;
    }
  }
  const all = planned.map(
    (each, index) => each ?? { launches: kernels[index]!.plan(program.calls[index]!), members: [index] },
  );
  return persistent ? planPersistent(memory, all, persistent) : all.map(({ launches }) => launches);
}
