import {
  byteSize,
  type DType,
  elementCount,
  isHalf,
  type OpCall,
  type Operand,
  type ProgramCall,
} from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { f32, flag, i64, type Launch, pointer, u32 } from '../../launch/launch.js';
import { unsupported } from '../accept.js';
import { areRowsAligned, planMatmul } from './matmul-plan.js';
import { type AroundProduct, productStep } from './product-step.js';

/** Most rows of a; more are better off on the tensor cores, where they can compute with the weight. */
function maxRows(weight: DType): number {
  return weight === 'bf16' ? 2 : 8;
}

/** Bytes of shared memory for the rows of a. */
const sharedLimit = 160 * 1024;
const warps = 4;

/** A product of few rows with a weight whose rows are contiguous: every weight is read once. */
export const gemvKernel: CudaKernel = {
  name: 'cuda/gemv',
  op: 'matmul',
  supports: (call) => {
    const reason = refusalOfGemv(call);
    return reason === undefined ? { supported: true, acceptsStrided: true } : unsupported(`gemv: ${reason}`);
  },
  plan: (call) => planGemv(call),
};

function refusalOfGemv(call: OpCall): string | undefined {
  const [a, b] = call.inputs;
  const { M, K, aK, bK, bN, batchCount } = planMatmul(call);
  if (a!.dtype !== 'f32' || (b!.dtype !== 'f32' && !isHalf(b!.dtype))) return 'a is not f32';
  if (batchCount !== 1 || M > maxRows(b!.dtype)) return `more than ${maxRows(b!.dtype)} rows`;
  if (aK !== 1 || bK !== 1) return 'a or b is not contiguous along k';
  if (K === 0 || (K * byteSize(b!.dtype)) % 16 !== 0 || K % 4 !== 0)
    return 'rows are not whole 16-byte words';
  if (!areRowsAligned(b!, bN)) return 'rows of b are not aligned';
  if (paddedRows(M) * K * 4 > sharedLimit) return 'rows of a exceed the shared memory';
  return undefined;
}

function paddedRows(M: number): number {
  return M <= 1 ? 1 : M <= 2 ? 2 : M <= 4 ? 4 : 8;
}

/** Outputs per warp: more reuse of a where there are warps enough to fill the device. */
function rowsPerWarp(M: number, N: number): number {
  if (M > 1) return 2;
  // No more blocks than are at work at once: each of them begins by computing the norm.
  return N >= 16_384 ? 4 : N >= 4_096 ? 2 : 1;
}

/**
 * Launches of one product.
 * @param around what else is computed in the same pass: `x` instead of the call's a, a residual, another output
 */
export function planGemv(call: ProgramCall, around: AroundProduct = {}): readonly Launch[] {
  const [a, b] = call.inputs as [Operand, Operand];
  const y = around.y ?? call.outputs[0]!;
  if (elementCount(y.shape) === 0) return [];
  const { M, K, N, aM, bN } = planMatmul(call);
  const rows = paddedRows(M);
  const perWarp = rowsPerWarp(M, N);
  const { prologue } = around;
  const gated = prologue?.kind === 'gated' ? prologue : undefined;
  const way = prologue === undefined ? 0 : gated ? 2 : 1;
  return [
    {
      kind: 'kernel',
      module: 'gemv',
      entry: `gemv_${b.dtype}_m${rows}_r${perWarp}_p${way}`,
      grid: [Math.ceil(N / (warps * perWarp)), 1, 1],
      block: warps * 32,
      sharedBytes: rows * K * 4,
      overlaps: { constant: b.buffer },
      parameters: [
        pointer(around.x ?? a),
        pointer(b),
        pointer(y),
        pointer(around.residual),
        u32(N),
        u32(K),
        i64(around.xStride ?? aM),
        i64(bN),
        u32(M),
        pointer(gated?.gate),
        pointer(prologue?.weight),
        i64(gated?.gateStride ?? 0),
        u32(gated ? K / gated.groups : K),
        f32(prologue?.epsilon ?? 0),
        flag(gated?.isGatedFirst ?? false),
      ],
      step:
        M === 1 && b.dtype === 'bf16' && bN === K
          ? productStep(
              { x: around.x ?? a, weight: { kind: 'bf16', codes: b }, y, N, K, rowsAligned: true },
              around,
            )
          : undefined,
    },
  ];
}
