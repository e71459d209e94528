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
const multiprocessors = 132;
const gridLimit = 65_535;

/**
 * A product with a bfloat16 weight on the tensor cores.
 * @param pieces bfloat16 pieces that a float32 a is cut into: 3 give float32 arithmetic (the terms are exact),
 * 1 rounds a to bfloat16 (relative error at most 2⁻⁸ per element of a)
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

/** A tile of y, and how it is worked on: see native/matmul-tensor.cu. */
interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly threads: number;
  readonly stages: number;
  /** Most spans that K is cut into where tiles are too few for the device, and its least length. */
  readonly mostSplits: number;
  readonly leastSpan: number;
  /** Blocks that a multiprocessor is to have. */
  readonly blocks: number;
}

/** All rows of a few, beside many columns: every weight is read once, and the rows not too often. */
const fewRows: readonly Tile[] = [
  { rows: 16, columns: 64, threads: 64, stages: 4, mostSplits: 16, leastSpan: 512, blocks: 8 },
  { rows: 32, columns: 128, threads: 128, stages: 4, mostSplits: 8, leastSpan: 512, blocks: 4 },
  { rows: 64, columns: 128, threads: 256, stages: 4, mostSplits: 8, leastSpan: 512, blocks: 3 },
];

/** From large to small. */
const squares: readonly Tile[] = [
  { rows: 128, columns: 128, threads: 256, stages: 3, mostSplits: 8, leastSpan: 256, blocks: 4 },
  { rows: 64, columns: 64, threads: 128, stages: 4, mostSplits: 8, leastSpan: 256, blocks: 4 },
  { rows: 32, columns: 32, threads: 128, stages: 4, mostSplits: 8, leastSpan: 256, blocks: 4 },
];

function tilesOf({ rows, columns }: Tile, M: number, N: number): number {
  return Math.ceil(M / rows) * Math.ceil(N / columns);
}

/** For few rows a tile that has all of them; else the largest that still gives every multiprocessor a block. */
function tileFor(M: number, N: number, K: number): Tile {
  const few = fewRows.find(({ rows }) => M <= rows);
  // Products of small models have more blocks in small tiles.
  if (few && tilesOf(few, M, N) * splitsIn(few, M, N, K) >= multiprocessors) return few;
  return (
    squares.find((tile) => tilesOf(tile, M, N) >= multiprocessors && M > tile.rows / 2) ?? squares.at(-1)!
  );
}

/** How many spans K is cut into, where the tiles of y alone are too few for the device. */
function splitsIn(tile: Tile, M: number, N: number, K: number): number {
  const wanted = Math.floor((tile.blocks * multiprocessors) / tilesOf(tile, M, N));
  return Math.max(1, Math.min(wanted, Math.floor(K / tile.leastSpan), tile.mostSplits));
}

function splitsOf(M: number, N: number, K: number): number {
  return splitsIn(tileFor(M, N, K), M, N, K);
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
  const { rows, columns, threads, stages } = tileFor(M, N, K);
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
      entry: `matmul_tensor_${a.dtype}_${count}_${rows}x${columns}`,
      grid: [Math.ceil(M / rows), Math.ceil(N / columns), Math.ceil(steps / Math.ceil(steps / splits))],
      block: threads,
      sharedBytes: stages * (count * rows + columns) * depth * 2,
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
