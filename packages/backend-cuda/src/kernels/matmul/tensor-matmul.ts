import { elementCount, type OpCall, type Operand, type ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { i64, type Launch, pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { unsupported } from '../accept.js';
import { areRowsAligned, planMatmul } from './matmul-plan.js';

/** Fewest rows of a float32 a; fewer go to `cuda/gemv`. */
const minRows = 3;
const depth = 32;
const stages = 3;
const multiprocessors = 132;
const gridLimit = 65_535;

/**
 * A product with a bfloat16 weight on the tensor cores.
 * @param pieces bfloat16 pieces that a float32 a is cut into: 3 give float32 arithmetic (the terms are exact),
 * 1 rounds a to bfloat16 (relative error 2⁻⁹ per element of a)
 */
export function tensorMatmulKernel(pieces: 1 | 3): CudaKernel {
  return {
    name: pieces === 3 ? 'cuda/matmul-tensor' : 'cuda/matmul-tensor-rounded',
    op: 'matmul',
    supports: (call) => {
      const reason = refusalOfTensor(call);
      return reason === undefined
        ? { supported: true, acceptsStrided: true, scratchBytes: scratchBytes(call) }
        : unsupported(`matmul-tensor: ${reason}`);
    },
    plan: (call) => planTensorMatmul(call, pieces),
  };
}

function refusalOfTensor(call: OpCall): string | undefined {
  const [a, b] = call.inputs;
  const { M, K, N, aM, aK, bK, bN, batchCount } = planMatmul(call);
  if (b!.dtype !== 'bf16') return 'b is not bf16';
  if (a!.dtype !== 'f32' && a!.dtype !== 'bf16') return 'a is neither f32 nor bf16';
  if (batchCount !== 1) return 'a batch';
  if (a!.dtype === 'f32' && M < minRows) return `fewer than ${minRows} rows`;
  if (aK !== 1 || bK !== 1) return 'a or b is not contiguous along k';
  if (K === 0 || K % 8 !== 0) return 'K is no multiple of 8';
  if (!areRowsAligned(a!, aM) || !areRowsAligned(b!, bN)) return 'rows are not aligned';
  if (Math.ceil(N / depth) > gridLimit) return 'too many columns';
  return undefined;
}

/** The largest tile that still gives every multiprocessor a block; the smallest if none does. */
function tileFor(M: number, N: number): number {
  return (
    [128, 64].find((tile) => Math.ceil(M / tile) * Math.ceil(N / tile) >= multiprocessors && M > tile / 2) ??
    32
  );
}

/** How many spans K is cut into, where the tiles of y alone are too few for the device. */
function splitsOf(M: number, N: number, K: number): number {
  const tile = tileFor(M, N);
  const blocks = Math.ceil(M / tile) * Math.ceil(N / tile);
  return Math.max(1, Math.min(Math.floor((4 * multiprocessors) / blocks), Math.floor(K / 256), 8));
}

function scratchBytes(call: OpCall): number {
  const { M, N, K } = planMatmul(call);
  const splits = splitsOf(M, N, K);
  return splits > 1 ? splits * M * N * 4 : 0;
}

/** Launches of one product; `residual` is added to it. */
export function planTensorMatmul(
  call: ProgramCall,
  pieces: 1 | 3,
  around: { readonly residual?: Operand; readonly y?: Operand } = {},
): readonly Launch[] {
  const [a, b] = call.inputs as [Operand, Operand];
  const y = around.y ?? call.outputs[0]!;
  if (elementCount(y.shape) === 0) return [];
  const { M, K, N, aM, bN } = planMatmul(call);
  const tile = tileFor(M, N);
  const count = a.dtype === 'f32' ? pieces : 1;
  const splits = splitsOf(M, N, K);
  const steps = Math.ceil(K / depth);
  const parts = splits > 1 ? scratchOf(call) : undefined;
  const join: Launch = {
    kind: 'kernel',
    module: 'matmul-tensor',
    entry: 'matmul_join',
    grid: elementGrid(M * N),
    block: elementThreads,
    parameters: [
      pointerTo(parts),
      ...typed(y),
      pointer(around.residual),
      u32(M * N),
      u32(Math.ceil(steps / Math.ceil(steps / splits))),
    ],
  };
  return [
    {
      kind: 'kernel',
      module: 'matmul-tensor',
      entry: `matmul_tensor_${a.dtype}_${count}_${tile}x${tile}`,
      grid: [Math.ceil(M / tile), Math.ceil(N / tile), Math.ceil(steps / Math.ceil(steps / splits))],
      block: tile === 128 ? 256 : 128,
      sharedBytes: stages * (count + 1) * tile * depth * 2,
      parameters: [
        pointer(a),
        pointer(b),
        pointer(y),
        pointer(around.residual),
        u32(M),
        u32(N),
        u32(K),
        i64(aM),
        i64(bN),
        u32(Math.ceil(steps / splits)),
        pointerTo(parts),
      ],
    },
    ...(parts ? [join] : []),
  ];
}
