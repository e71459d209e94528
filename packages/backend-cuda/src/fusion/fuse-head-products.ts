import { canFuse, elementCount, isContiguous, type Operand, type ProgramMemory } from '@hybra/spec';
import { isAllF32 } from '../kernels/accept.js';
import { joinGrid, joinThreads } from '../launch/grid.js';
import { i64, pointer, pointerTo, scratchOf, u32 } from '../launch/launch.js';
import type { Fusion } from './fusion.js';

const threads = 128;
const rowsPerSplit = 32;
const mostSplits = 528;

/** The sum over rows of a product of x and y [B, T, H, P], by head: the gradient of a skip, without the product in memory. */
export function fuseHeadProducts(memory: ProgramMemory, index: number): Fusion | undefined {
  const { calls } = memory.program;
  const sum = calls[index]!;
  if (sum.kernel !== 'cuda/sum-spans') return undefined;
  const [given] = sum.inputs as [Operand];
  const at = memory.producerOf(index, given);
  const product = at === undefined ? undefined : calls[at]!;
  if (at === undefined || product?.kernel !== 'cuda/mul' || !isAllF32(product.inputs)) return undefined;
  const [x, y] = product.inputs as [Operand, Operand];
  const { shape } = x;
  const [B, T, H, P] = shape as [number, number, number, number];
  const axes = sum.attributes.axes as readonly number[];
  const isPossible =
    shape.length === 4 &&
    isContiguous(given) &&
    given.shape.join() === shape.join() &&
    [...axes].sort().join() === '0,1,3' &&
    sum.outputs[0]!.dtype === 'f32' &&
    P % 4 === 0 &&
    threads % (P / 4) === 0 &&
    [x, y].every(areRows);
  if (!isPossible) return undefined;
  const splits = Math.min(mostSplits, Math.ceil((B * T) / rowsPerSplit));
  const room = sum.scratch?.byteLength ?? 0;
  const perSplit = Math.ceil((B * T) / Math.max(1, Math.min(splits, Math.floor(room / (H * 4)))));
  const used = Math.ceil((B * T) / perSplit);
  const isSound = canFuse(memory, {
    members: [at, index],
    reads: [x, y].map((operand) => ({ at, operand })),
    writes: [{ at: index, operand: sum.outputs[0]! }],
    dropped: [{ at, operand: product.outputs[0]! }],
  });
  if (!isSound || used * H * 4 > room) return undefined;
  const parts = scratchOf(sum);
  return {
    members: [at, index],
    launches: [
      {
        kind: 'kernel',
        module: 'columns',
        entry: 'head_products_parts',
        grid: [Math.ceil((H * P) / 4 / threads), used, 1],
        block: threads,
        parameters: [
          pointer(x),
          pointer(y),
          pointerTo(parts),
          ...[B * T, H, P, perSplit].map(u32),
          ...[x, y].map((each) => i64(each.strides[1]!)),
        ],
      },
      {
        kind: 'kernel',
        module: 'training',
        entry: 'join_parts',
        grid: joinGrid(H),
        block: joinThreads,
        parameters: [pointerTo(parts), pointer(sum.outputs[0]), u32(H), u32(used)],
      },
    ],
  };
}

/** Whether [B, T, H, P] is rows of H · P side by side, one stride apart throughout, at multiples of four. */
function areRows({ shape, strides, offset }: Operand): boolean {
  const [B, T, , P] = shape as [number, number, number, number];
  const isInner = isContiguous({ shape: shape.slice(2), strides: strides.slice(2) });
  return (
    isInner &&
    elementCount([B, T, P]) > 0 &&
    (B === 1 || strides[0] === T * strides[1]!) &&
    strides[1]! % 4 === 0 &&
    offset % 4 === 0
  );
}
