import { formatType, isHalf, type OpCall } from '@hybra/spec';
import type { CpuKernel, KernelRun } from '../../kernel.js';
import { collapse } from '../../layout/collapse.js';
import { rowWalk } from '../../layout/walk.js';
import { halfRuns } from '../../numbers/half-runs.js';
import { unsupported } from '../accept.js';
import { withHalves } from '../with-halves.js';
import { type MatmulPlan, planMatmul } from './matmul-plan.js';
import { multiplyRows, rowsScratchBytes } from './multiply-rows.js';
import { multiplyTiled, tiledScratchBytes } from './multiply-tiled.js';

/** From this many rows of a on, packing b pays. */
const tiledRows = 4;

/**
 * Batched matrix product, summed in doubles. b may be f16 or bf16 beside a float32 (or widened) a: it is
 * widened four rows or columns at a time, never whole. Takes any strided a and b; a half b only if its
 * neighbours lie along k or n.
 */
export const matmulKernel: CpuKernel = withHalves(
  {
    name: 'cpu/matmul',
    op: 'matmul',
    supports: (call) => {
      const [a, b] = call.inputs.map((type) => type.dtype);
      const isPair = (a === 'f32' && (b === 'f32' || isHalf(b!))) || (a === 'f64' && b === 'f64');
      if (!isPair) {
        return unsupported(`matmul: no loop for ${call.inputs.map(formatType).join(' and ')}`);
      }
      const plan = planMatmul(call);
      const isRun = !isHalf(b!) || plan.bK === 1 || plan.bN === 1;
      return { supported: true, acceptsStrided: isRun, scratchBytes: scratchBytes(plan, isHalf(b!)) };
    },
    build: matmulRun,
  },
  { inputs: [1] },
);

/** The larger of both ways: a copied operand may have another layout than the view that was asked about. */
function scratchBytes(plan: MatmulPlan, isHalfB: boolean): number {
  const asDots = rowsScratchBytes({ ...plan, bK: 1 }, isHalfB);
  const asSums = rowsScratchBytes({ ...plan, bK: plan.N }, isHalfB);
  return plan.M < tiledRows ? Math.max(asDots, asSums) : tiledScratchBytes(plan, isHalfB);
}

function matmulRun(call: OpCall): KernelRun {
  const plan = planMatmul(call);
  const bDtype = call.inputs[1]!.dtype;
  const half = isHalf(bDtype) ? halfRuns[bDtype as 'f16' | 'bf16'] : undefined;
  const multiply = plan.M < tiledRows ? multiplyRows : multiplyTiled;
  const { M, N } = plan;
  // An axis of extent 1 below the batch axes: the walk's rows are then single products.
  const yBatch = plan.batch.map((_, axis) => plan.batch.slice(axis + 1).reduce((x, y) => x * y, M * N));
  const loops = collapse(plan.batch, [plan.aBatch, plan.bBatch, yBatch]);
  const each = { shape: [...loops.shape, 1], strides: loops.strides.map((strides) => [...strides, 0]) };
  const walk = rowWalk(each);
  return ([a, b], [y], scratch) =>
    walk((starts) => multiply(plan, a!, starts[0]!, b!, starts[1]!, y!, starts[2]!, scratch, half));
}
