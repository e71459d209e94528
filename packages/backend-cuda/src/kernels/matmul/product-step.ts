import { isContiguous, type Operand } from '@hybra/spec';
import type { ProductStep, ProductWeight } from '../../launch/step.js';

/** What stands before a product in a block of a model and is computed with it: see native/gemv-stage.cuh. */
export type Prologue =
  | { readonly kind: 'rms'; readonly weight: Operand; readonly epsilon: number }
  | {
      readonly kind: 'gated';
      readonly weight: Operand;
      readonly epsilon: number;
      readonly gate: Operand;
      readonly gateStride: number;
      readonly groups: number;
      readonly isGatedFirst: boolean;
    };

/** What is computed in the same pass as a product: `x` instead of the call's own, a residual, another output. */
export interface AroundProduct {
  readonly x?: Operand;
  readonly xStride?: number;
  readonly prologue?: Prologue;
  readonly residual?: Operand;
  readonly y?: Operand;
}

/** Most columns that the persistent kernel holds in shared memory. */
const maxColumns = 8192;
/** Groups of a gated norm are whole numbers of as many columns: what half a warp sums. */
const groupUnit = 64;

/** A product of one row for the persistent kernel; `undefined` where it has no form for it. */
export function productStep(
  product: {
    readonly x: Operand;
    readonly weight: ProductWeight;
    readonly y: Operand;
    readonly N: number;
    readonly K: number;
    /** Whether rows of codes, scales and zero points are whole, aligned 16-byte words. */
    readonly rowsAligned: boolean;
  },
  { prologue, residual }: AroundProduct,
): ProductStep | undefined {
  const { x, weight, y, N, K } = product;
  const gated = prologue?.kind === 'gated' ? prologue : undefined;
  const groupWidth = gated ? K / gated.groups : K;
  const vectors = [x, prologue?.weight, gated?.gate].filter((each) => each !== undefined);
  const areWords = vectors.every(({ offset }) => offset % 4 === 0) && isContiguous(prologue?.weight ?? y);
  const isGrouped = groupWidth !== K;
  const isHeld = K <= maxColumns && (!isGrouped || groupWidth % groupUnit === 0);
  if (!areWords || !isHeld || K % 8 !== 0 || !product.rowsAligned) return undefined;
  return {
    op: 'product',
    weight,
    x,
    y,
    residual,
    N,
    K,
    prologue: prologue === undefined ? 'none' : prologue.kind,
    normWeight: prologue?.weight,
    gate: gated?.gate,
    groupWidth,
    epsilon: prologue?.epsilon ?? 0,
    isGatedFirst: gated?.isGatedFirst ?? false,
  };
}
