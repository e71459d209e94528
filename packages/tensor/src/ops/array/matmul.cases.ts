import type { DType } from '@hybra/spec';
import type { CaseLayout, OpCase } from '../../graph/op-case.js';
import { listed, normal, otherFloats } from '../case-input.js';

type Size = readonly [M: number, K: number, N: number];
type Flags = readonly [transposeA: boolean, transposeB: boolean];
interface Options {
  readonly batch?: readonly number[];
  readonly dtype?: DType;
  readonly narrow?: DType;
  readonly layout?: CaseLayout;
}

function product(
  name: string,
  [M, K, N]: Size,
  [transposeA, transposeB]: Flags,
  options: Options = {},
): OpCase {
  const { batch = [], dtype = 'f32', narrow = dtype, layout = 'contiguous' } = options;
  return {
    name: `${name}: ${[...batch, M, K, N].join('·')}${transposeA ? ', a transposed' : ''}${transposeB ? ', b transposed' : ''}`,
    inputs: [
      normal([...batch, ...(transposeA ? [K, M] : [M, K])], { dtype, layout }),
      normal([...batch, ...(transposeB ? [N, K] : [K, N])], { dtype: narrow, layout }),
    ],
    attributes: { transposeA, transposeB },
  };
}

const plain: Flags = [false, false];
const linear: Flags = [false, true];
const flags: readonly Flags[] = [plain, linear, [true, false], [true, true]];

/** Cases of `matmul`. */
export const matmulCases: readonly OpCase[] = [
  ...flags.map((way) => product('awkward', [33, 31, 35], way)),
  ...flags.map((way) => product('batches', [5, 33, 7], way, { batch: [2, 3] })),
  product('one element', [1, 1, 1], plain),
  product('a row', [1, 255, 257], linear),
  product('a column', [257, 255, 1], plain),
  product('tiles', [32, 32, 32], plain),
  product('two tiles and one', [65, 64, 33], linear),
  product('K = 0 gives zeros', [3, 0, 4], plain),
  product('no rows', [0, 5, 4], plain),
  product('no columns', [3, 5, 0], linear),
  product('no batch', [3, 5, 4], plain, { batch: [0] }),
  ...(['offset', 'transposed', 'strided'] as const).map((layout) =>
    product(layout, [5, 33, 7], linear, { layout, batch: [2] }),
  ),
  ...otherFloats.map((dtype) => product(dtype, [5, 65, 7], linear, { dtype })),
  ...(['f16', 'bf16'] as const).map((narrow) =>
    product(`f32 beside ${narrow}`, [5, 65, 7], linear, { narrow }),
  ),
  {
    name: 'NaN and ∞ stay in their row',
    inputs: [
      listed([1, Number.NaN, 2, 3, Number.POSITIVE_INFINITY, 1, 1, 1, 1], { shape: [3, 3] }),
      listed([1, 2, 3], { shape: [3, 3] }),
    ],
    attributes: { transposeA: false, transposeB: false },
  },
];
