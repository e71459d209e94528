import type { DType } from '@hybra/spec';
import type { CaseLayout, OpCase } from '../../graph/op-case.js';
import { integers, layouts, normal, otherFloats } from '../case-input.js';

interface ConvolutionCase {
  readonly length?: number;
  readonly channels?: number;
  readonly taps?: number;
  readonly slots?: readonly number[];
  readonly lengths?: readonly number[];
  readonly activation?: 'none' | 'silu';
  readonly dtype?: DType;
  readonly tailDType?: DType;
  readonly layout?: CaseLayout;
}

const poolSize = 4;

function convolved(name: string, options: ConvolutionCase): OpCase {
  const { length = 7, channels = 5, taps = 4, slots = [2, 0], activation = 'silu' } = options;
  const {
    dtype = 'f32',
    tailDType = dtype,
    layout = 'contiguous',
    lengths = slots.map(() => length),
  } = options;
  return {
    name,
    inputs: [
      normal([slots.length, length, channels], { dtype, layout }),
      normal([channels, taps], { dtype, layout, scale: 0.5 }),
      normal([channels], { dtype }),
      normal([poolSize, taps - 1, channels], { dtype: tailDType }),
      integers(slots),
      integers(lengths),
    ],
    attributes: { activation },
  };
}

/** Cases of `causalConv1d`. */
export const causalConv1dCases: readonly OpCase[] = [
  ...[1, 2, 3, 31, 32, 33, 257].map((length) => convolved(`${length} inputs`, { length })),
  ...[1, 31, 33, 257].map((channels) => convolved(`${channels} channels`, { channels })),
  convolved('without activation', { activation: 'none' }),
  convolved('one tap keeps no tail', { taps: 1 }),
  convolved('two taps', { taps: 2 }),
  convolved('more taps than inputs', { taps: 9, length: 3 }),
  convolved('no inputs', { length: 0 }),
  convolved('no rows', { slots: [] }),
  convolved('padding on the right', { slots: [1, 3, 0], lengths: [0, 2, 7] }),
  convolved('inactive rows', { slots: [-1, 1, 4], lengths: [3, 3, 3] }),
  ...layouts.map((layout) => convolved(layout, { layout })),
  ...otherFloats.map((dtype) => convolved(dtype, { dtype })),
  convolved('f32 with bf16 tails', { tailDType: 'bf16' }),
  convolved('bf16 with f32 tails', { dtype: 'bf16', tailDType: 'f32' }),
];
