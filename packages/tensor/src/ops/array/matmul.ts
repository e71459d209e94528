import { formatType, HybraError, isHalf, type TensorType } from '@hybra/spec';
import type { OpDefinition } from '../../graph/op-definition.js';
import { recordOne } from '../../graph/record.js';
import type { Tensor } from '../../graph/tensor.js';
import { reshape } from '../../graph/views.js';
import { broadcastShapes, expandTo } from '../broadcast.js';
import {
  floats,
  requireAttribute,
  requireDType,
  requireRank,
  requireSameDType,
  sameShape,
} from '../checks.js';
import { accumulated } from '../tolerances.js';

export const matmulDefinition: OpDefinition = {
  name: 'matmul',
  tolerance: accumulated,
  infer: ([a, b], attributes) => {
    const { transposeA, transposeB } = attributes;
    requireAttribute('matmul', attributes, 'transposeA', 'true or false', typeof transposeA === 'boolean');
    requireAttribute('matmul', attributes, 'transposeB', 'true or false', typeof transposeB === 'boolean');
    requireOperands(a!, b!);
    const batch = a!.shape.slice(0, -2);
    if (!sameShape(batch, b!.shape.slice(0, -2))) {
      throw new HybraError(
        'E_SHAPE',
        `matmul: batch axes differ: a is [${a!.shape.join(', ')}], b is [${b!.shape.join(', ')}].`,
        { op: 'matmul', shapes: [a!.shape, b!.shape] },
      );
    }
    const [rows, innerA] = lastTwo(a!, transposeA === true);
    const [innerB, columns] = lastTwo(b!, transposeB === true);
    if (innerA !== innerB) throw innerDimensionsDiffer(a!, b!, transposeA === true, transposeB === true);
    return [{ dtype: a!.dtype, shape: [...batch, rows, columns] }];
  },
};

/** Options of {@link matmul}. */
export interface MatmulOptions {
  /** `a` is [K, M]. Default is `false`. */
  readonly transposeA?: boolean;
  /** `b` is [N, K], as linear layers store their weight. Default is `false`. */
  readonly transposeB?: boolean;
}

/**
 * Matrix product, accumulated in float32 or wider. Leading axes are batches and broadcast. A `b` without
 * batch axes takes all leading axes of `a` as rows of one product, so that a linear layer is one 2-D product.
 * @param a float[…, M, K]
 * @param b float[…, K, N] of the dtype of `a`, or f16 or bf16 beside an f32 `a`
 * @returns dtype of `a`, [..., M, N]; zeros where K is 0
 * @throws E_SHAPE, E_DTYPE
 * @example
 * matmul(x, weight, { transposeB: true }); // [B, T, D] · [N, D]ᵀ → [B, T, N]
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transposeA = false, transposeB = false } = options;
  const attributes = { transposeA, transposeB };
  requireOperands(a, b);
  if (b.rank === 2 && a.rank > 2 && !transposeA) {
    const inner = a.shape[a.rank - 1]!;
    const leading = a.shape.slice(0, -1);
    if (inner !== lastTwo(b, transposeB)[0]) throw innerDimensionsDiffer(a, b, transposeA, transposeB);
    const rows = leading.reduce((product, extent) => product * extent, 1);
    const flat = recordOne(matmulDefinition, [reshape(a, [rows, inner]), b], attributes);
    return reshape(flat, [...leading, flat.shape[1]!]);
  }
  const batch = broadcastShapes('matmul', batchOf(a), batchOf(b));
  return recordOne(
    matmulDefinition,
    [a, b].map((x) => expandTo(x, [...batch, ...x.shape.slice(-2)])),
    attributes,
  );
}

/** The type of the batch axes alone. */
function batchOf(x: Tensor): TensorType {
  return { dtype: x.dtype, shape: x.shape.slice(0, -2) };
}

function requireOperands(a: TensorType, b: TensorType): void {
  requireDType('matmul', 'a', a, floats);
  requireDType('matmul', 'b', b, floats);
  if (!(a.dtype === 'f32' && isHalf(b.dtype))) requireSameDType('matmul', ['a', a], ['b', b]);
  requireRank('matmul', 'a', a, 2);
  requireRank('matmul', 'b', b, 2);
}

function lastTwo(type: TensorType, isTransposed: boolean): [number, number] {
  const [first, second] = type.shape.slice(-2) as [number, number];
  return isTransposed ? [second, first] : [first, second];
}

function innerDimensionsDiffer(
  a: TensorType,
  b: TensorType,
  transposeA: boolean,
  transposeB: boolean,
): HybraError {
  const fits = (flipA: boolean, flipB: boolean): boolean =>
    lastTwo(a, transposeA !== flipA)[1] === lastTwo(b, transposeB !== flipB)[0];
  const hint = fits(false, true)
    ? ` Did you mean transposeB: ${!transposeB}?`
    : fits(true, false)
      ? ` Did you mean transposeA: ${!transposeA}?`
      : '';
  const flags = [transposeA ? 'transposeA' : '', transposeB ? 'transposeB' : '']
    .filter(Boolean)
    .join(' and ');
  return new HybraError(
    'E_SHAPE',
    `matmul: inner dimensions differ: a is [${a.shape.join(', ')}], b is [${b.shape.join(', ')}]${flags && ` with ${flags}`}.${hint}`,
    {
      op: 'matmul',
      shapes: [a.shape, b.shape],
      transposeA,
      transposeB,
      types: [formatType(a), formatType(b)],
    },
  );
}
