import type { DType } from '@hybra/spec';
import type { CaseLayout, OpCase } from '../../graph/op-case.js';
import { integers, layouts, normal, otherFloats, uniform } from '../case-input.js';
import type { ExpertActivation } from './moe.js';

interface MoeCase {
  readonly rows?: number;
  readonly width?: number;
  readonly inner?: number;
  readonly experts?: number;
  readonly chosen?: number;
  readonly ids?: readonly number[];
  readonly isGated?: boolean;
  readonly activation?: ExpertActivation;
  readonly dtype?: DType;
  readonly weightDType?: DType;
  readonly layout?: CaseLayout;
}

function mixed(name: string, options: MoeCase): OpCase {
  const { rows = 5, width = 7, inner = 6, experts = 4, chosen = 2 } = options;
  const { isGated = true, activation = 'silu', dtype = 'f32', layout = 'contiguous' } = options;
  const weightDType = options.weightDType ?? dtype;
  const ids =
    options.ids ?? Array.from({ length: rows * chosen }, (_, index) => (index * 3 + (index >> 1)) % experts);
  const matrix = (shape: readonly number[]) => normal(shape, { dtype: weightDType, scale: 0.4 });
  return {
    name,
    inputs: [
      normal([rows, width], { dtype, layout }),
      integers(ids, [rows, chosen]),
      uniform([rows, chosen], [0.1, 1], { layout }),
      matrix([experts, inner, width]),
      matrix([experts, width, inner]),
      ...(isGated ? [matrix([experts, inner, width])] : []),
    ],
    attributes: { activation },
  };
}

/** Cases of `moe`. */
export const moeCases: readonly OpCase[] = [
  mixed('two of four, gated', {}),
  mixed('two of four without a gate', { isGated: false }),
  ...(['gelu', 'geluTanh', 'relu', 'relu2'] as const).map((activation) =>
    mixed(activation, { activation, isGated: activation !== 'relu2' }),
  ),
  mixed('33 rows, width 31, inner 33', { rows: 33, width: 31, inner: 33, experts: 3 }),
  mixed('one expert for all', { experts: 1, chosen: 1 }),
  mixed('all experts for each', { experts: 3, chosen: 3, ids: [2, 0, 1, 0, 1, 2, 1, 2, 0], rows: 3 }),
  mixed('all rows to one expert', { ids: new Array<number>(10).fill(3) }),
  mixed('an expert twice', { rows: 2, ids: [1, 1, 2, 0] }),
  mixed('ids outside the experts', { rows: 2, ids: [-1, 1, 4, -7] }),
  mixed('no rows', { rows: 0, ids: [] }),
  mixed('one row', { rows: 1, ids: [3, 1] }),
  ...layouts.map((layout) => mixed(layout, { layout })),
  ...otherFloats.map((dtype) => mixed(dtype, { dtype })),
  ...(['f16', 'bf16'] as const).map((weightDType) => mixed(`experts ${weightDType}`, { weightDType })),
];
