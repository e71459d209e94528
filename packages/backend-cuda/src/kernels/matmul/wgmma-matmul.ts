import { type DType, elementCount, type OpCall, type Operand, type ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { type Launch, pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { unsupported } from '../accept.js';
import { cutBytes, cutMap, directMap, isDirect, lyingOf, matricesOf, planCut, type Side } from './cut.js';
import { planMatmul } from './matmul-plan.js';
import { depth, type Tiling, tileRows, tilingOf } from './wgmma-tiles.js';

const pairsOfDtypes = ['f32_f32', 'f32_f16', 'f32_bf16', 'f16_f16', 'bf16_bf16'];
/** Multiplications below which cutting and launching cost more than they save. */
const leastWork = 2 ** 22;
const maxBatchRank = 4;
const gridLimit = 65_535;

/**
 * Products on Hopper's tensor cores, of matrices in any layout: see native/matmul-wgmma.cu.
 * @param pieces bfloat16 pieces of a float32: 3 give float32 arithmetic, 1 rounds (relative error at most 2⁻⁸ per element).
 * A product of an infinity is NaN where the other number needs several pieces.
 */
export function wgmmaMatmulKernel(pieces: 1 | 3): CudaKernel {
  return {
    name: pieces === 3 ? 'cuda/matmul-wgmma' : 'cuda/matmul-wgmma-rounded',
    op: 'matmul',
    supports: (call) => {
      const reason = refusalOf(call);
      if (reason !== undefined) return unsupported(`matmul-wgmma: ${reason}`);
      return { supported: true, acceptsStrided: true, scratchBytes: roomOf(call, pieces).bytes };
    },
    plan: (call) => planWgmmaMatmul(call, pieces),
  };
}

function refusalOf(call: OpCall): string | undefined {
  const [a, b] = call.inputs;
  const { M, K, N, batch, batchCount } = planMatmul(call);
  if (!pairsOfDtypes.includes(`${a!.dtype}_${b!.dtype}`)) return `a ${a!.dtype} and a ${b!.dtype}`;
  // A weight in bfloat16 has a kernel for few rows.
  const leastRows = b!.dtype === 'bf16' ? 96 : 33;
  if (M < leastRows || N < 16 || K < 16) return 'few rows, columns or terms';
  if (M * N * K * batchCount < leastWork) return 'a small product';
  if (batch.length > maxBatchRank || batchCount > gridLimit) return 'a batch of too many axes or products';
  if (Math.ceil(Math.max(K, M, N) / 64) > gridLimit) return 'too many rows, columns or terms';
  return undefined;
}

function across(side: Side): 0 | 1 {
  return lyingOf(side).isAcross ? 1 : 0;
}

function piecesOf(dtype: DType, pieces: 1 | 3): number {
  return dtype === 'f32' ? pieces : dtype === 'f16' ? 2 : 1;
}

interface Room {
  readonly sides: readonly [Side, Side];
  readonly counts: readonly [number, number];
  /** Pairs of pieces whose products matter, the smallest first. */
  readonly pairs: readonly (readonly [number, number])[];
  readonly tiling: Tiling;
  /** Scratch: the pieces of a, of b, the parts of y. */
  readonly cuts: readonly [number, number];
  readonly bytes: number;
}

function roomOf(call: OpCall, pieces: 1 | 3): Room {
  const { M, K, N, aM, aK, bK, bN, batch, aBatch, bBatch, batchCount } = planMatmul(call);
  const sideOf = (rows: number, rowStride: number, kStride: number, strides: readonly number[]): Side => {
    const isShared = batchCount === 1 || strides.every((stride) => stride === 0);
    return {
      rows,
      K,
      rowStride,
      kStride,
      batch: isShared ? [] : batch,
      batchStrides: isShared ? [] : strides,
    };
  };
  const right = sideOf(N, bN, bK, bBatch);
  const left = sideOf(M, aM, aK, aBatch);
  // There is no kernel for a alone lying across.
  const isLaidOut = lyingOf(left).isAcross && !lyingOf(right).isAcross;
  const sides = [isLaidOut ? { ...left, isTurned: true } : left, right] as const;
  const count = (index: 0 | 1): number => piecesOf(call.inputs[index]!.dtype, pieces);
  const counts = [count(0), count(1)] as const;
  const pairs = [2, 1, 0].flatMap((order) =>
    Array.from({ length: counts[0] }, (_, piece) => [piece, order - piece] as const).filter(
      ([, other]) => other >= 0 && other < counts[1],
    ),
  );
  const tiling = tilingOf(M, N, batchCount, Math.ceil(K / depth) * pairs.length);
  const cut = (index: 0 | 1): number =>
    isDirect(call.inputs[index]!, sides[index]) ? 0 : cutBytes(sides[index], counts[index]);
  const cuts = [cut(0), cut(1)] as const;
  const parts = tiling.splits > 1 ? tiling.splits * batchCount * M * N * 4 : 0;
  const bytes = cuts[0] + cuts[1] + parts + tiling.tail.bytes;
  return { sides, counts, pairs, tiling, cuts, bytes };
}

/** Launches of one product; `residual` is added to it. */
export function planWgmmaMatmul(
  call: ProgramCall,
  pieces: 1 | 3,
  around: { readonly residual?: Operand; readonly y?: Operand } = {},
): readonly Launch[] {
  const y = around.y ?? call.outputs[0]!;
  if (elementCount(y.shape) === 0) return [];
  const { M, N, K, batchCount } = planMatmul(call);
  const { sides, counts, pairs, tiling, cuts } = roomOf(call, pieces);
  const cutting: Launch[] = [];
  const maps = ([0, 1] as const).map((index) => {
    const operand = call.inputs[index]!;
    const rows = index === 0 ? tileRows : tiling.columns;
    if (cuts[index] === 0) return directMap(operand, sides[index], rows);
    const place = scratchOf(call, index === 0 ? 0 : cuts[0])!;
    cutting.push(planCut(operand, sides[index], counts[index], place));
    return cutMap(place, sides[index], counts[index], rows);
  });
  const parts = tiling.splits > 1 ? scratchOf(call, cuts[0] + cuts[1]) : undefined;
  const nibbles = (side: 0 | 1): number =>
    pairs.reduce((sum, pair, index) => sum + pair[side] * 16 ** index, 0);
  const places = [N, y.offset, around.residual?.offset ?? 0];
  const together = [4, 2].find((count) => places.every((each) => each % count === 0)) ?? 1;
  const product: Launch = {
    kind: 'kernel',
    module: 'matmul-wgmma',
    entry: `matmul_wgmma_${tiling.columns}_${across(sides[0])}${across(sides[1])}`,
    grid: [tiling.blocks, 1, 1],
    block: 384,
    sharedBytes: tiling.sharedBytes,
    maps,
    parameters: [
      ...typed(y),
      pointer(around.residual),
      pointerTo(parts),
      ...[M, N, Math.ceil(K / depth), pairs.length, nibbles(0), nibbles(1)].map(u32),
      ...[batchCount, matricesOf(sides[0]), matricesOf(sides[1]), tiling.splits, tiling.stepsPerSplit].map(
        u32,
      ),
      u32(together),
      ...[tiling.tail.tiles, tiling.tail.splits, tiling.tail.steps].map(u32),
      pointerTo(tiling.tail.tiles > 0 ? scratchOf(call, cuts[0] + cuts[1]) : undefined),
    ],
  };
  if (!parts) return [...cutting, product];
  const join: Launch = {
    kind: 'kernel',
    module: 'matmul-tensor',
    entry: 'matmul_join',
    grid: elementGrid(batchCount * M * N),
    block: elementThreads,
    parameters: [
      pointerTo(parts),
      ...typed(y),
      pointer(around.residual),
      u32(batchCount * M * N),
      u32(tiling.splits),
    ],
  };
  return [...cutting, product, join];
}
