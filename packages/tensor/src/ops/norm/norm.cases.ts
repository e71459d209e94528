import type { Attributes } from '@hybra/spec';
import type { OpCase } from '../../graph/op-case.js';
import { type CaseInputOptions, layouts, listed, normal, otherFloats } from '../case-input.js';

const widths = [1, 31, 32, 33, 255, 257] as const;
const attributes = { epsilon: 1e-5 };

/** Cases with as many vectors over the width as the norm takes. */
function cases(vectors: number, suffix = ''): readonly OpCase[] {
  const of = (
    name: string,
    shape: readonly number[],
    options: CaseInputOptions = {},
    weights: CaseInputOptions = {},
    used: Attributes = attributes,
  ): OpCase => ({
    name: `${name}${suffix}`,
    inputs: [
      normal(shape, { mean: 0.5, ...options }),
      ...Array.from({ length: vectors }, () => normal([shape[shape.length - 1]!], { mean: 1, ...weights })),
    ],
    attributes: used,
  });
  return [
    ...widths.map((width) => of(`width ${width}`, [3, width])),
    of('one axis', [33]),
    of('no rows', [0, 5]),
    of('three axes', [2, 3, 5]),
    of('a large epsilon', [2, 33], {}, {}, { epsilon: 0.5 }),
    of('small values', [2, 33], { scale: 1e-4, mean: 0 }),
    of('far from 0', [2, 33], { mean: 100 }),
    ...layouts.map((layout) => of(layout, [5, 33], { layout })),
    ...otherFloats.map((dtype) => of(dtype, [2, 33], { dtype }, { dtype })),
    of('f16 beside f32 weights', [2, 33], { dtype: 'f16' }),
    of('f32 beside bf16 weights', [2, 33], {}, { dtype: 'bf16' }),
    {
      name: `a row of zeros${suffix}`,
      inputs: [listed([0], { shape: [1, 33] }), ...Array.from({ length: vectors }, () => normal([33]))],
      attributes,
    },
  ];
}

/** Cases of `rmsNorm`. */
export const rmsNormCases: readonly OpCase[] = cases(1);

/** Cases of `layerNorm`. */
export const layerNormCases: readonly OpCase[] = [...cases(1, ', no bias'), ...cases(2)];
