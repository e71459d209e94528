import type { OpSignature } from './op-signature.js';

/** Reductions, matrix products, indexing and making of arrays. All mandatory. */
export const arraySignatures = {
  sum: {
    mandatory: true,
    inputs: ['x: float or i32[…]'],
    outputs: ['y: as x without the axes'],
    attributes: { axes: 'ascending axes to sum over' },
    semantics: 'Accumulates in float32 or wider. The sum of nothing is 0.',
  },
  max: {
    mandatory: true,
    inputs: ['x: float or i32[…]'],
    outputs: ['y: as x without the axes'],
    attributes: { axes: 'ascending axes' },
    semantics: 'NaN if any is NaN. The maximum of nothing is −∞ (the smallest integer for i32).',
  },
  argmax: {
    mandatory: true,
    inputs: ['x: float[…, n]'],
    outputs: ['index: i32[…]'],
    semantics: 'Index of the largest along the last axis; the first of equals; NaN counts as largest.',
  },
  cumulativeSum: {
    mandatory: true,
    inputs: ['x: float or i32[…]'],
    outputs: ['y: as x'],
    attributes: { axis: 'the axis', reverse: 'whether to sum from the end' },
    semantics: 'yₜ = x₀ + … + xₜ, accumulated in float32 or wider.',
  },
  sort: {
    mandatory: true,
    inputs: ['x: float[…, n]'],
    outputs: ['values: as x', 'indices: i32[…, n]'],
    attributes: { descending: 'largest first' },
    semantics: 'Stable, along the last axis. NaN counts as larger than +∞.',
  },
  matmul: {
    mandatory: true,
    inputs: ['a: float[…, M, K]', 'b: float[…, K, N]'],
    outputs: ['y: dtype of a[…, M, N]'],
    attributes: { transposeA: 'a is [K, M]', transposeB: 'b is [N, K]' },
    semantics:
      'Equal batch axes. Accumulates in float32 or wider. b may be f16 or bf16 beside an f32 a (a narrow weight); otherwise dtypes are equal. K = 0 gives zeros.',
  },
  gatherRows: {
    mandatory: true,
    inputs: ['table: any[R, …]', 'indices: i32[…]'],
    outputs: ['rows: dtype of table[indices…, …]'],
    semantics: 'rows[i] = table[indices[i]]; an index outside 0 … R − 1 gives zeros.',
  },
  scatterAddRows: {
    mandatory: true,
    inputs: ['target: f32, f64 or i32[R, …]', 'indices: i32[n]', 'rows: as target[n, …]'],
    outputs: ['y: as target'],
    semantics: 'target with rows[i] added at indices[i], in order; an index outside 0 … R − 1 is skipped.',
  },
  writeRows: {
    mandatory: true,
    inputs: ['target: any[R, …]', 'indices: i32[n]', 'rows: as target[n, …]'],
    outputs: ['y: as target'],
    semantics:
      'target with rows[i] written at indices[i]; an index outside 0 … R − 1 is skipped; indices that are not skipped are distinct. The kernel declares inPlace [0, 0], so that a cache is updated without a copy.',
  },
  concat: {
    mandatory: true,
    inputs: ['...x: any[…]'],
    outputs: ['y: as x'],
    attributes: { axis: 'the axis along which inputs are laid end to end' },
    semantics: 'Other extents are equal.',
  },
  pad: {
    mandatory: true,
    inputs: ['x: any[…]'],
    outputs: ['y: as x, larger'],
    attributes: {
      before: 'elements before, per axis',
      after: 'elements after, per axis',
      value: 'what to pad with',
    },
    semantics: 'Counts are not negative.',
  },
  fill: {
    mandatory: true,
    inputs: [],
    outputs: ['y: any[…]'],
    attributes: { value: 'a number; for bool 0 or 1' },
    semantics: 'Every element is the value.',
  },
  iota: {
    mandatory: true,
    inputs: [],
    outputs: ['y: f32, i32 or u32[…]'],
    attributes: { axis: 'the axis along which values grow' },
    semantics: '0, 1, 2, … along the axis.',
  },
  random: {
    mandatory: true,
    inputs: ['stream: u32[n, 5]'],
    outputs: ['y: u32 or f32[n, count]'],
    semantics:
      'Philox 4×32-10 (Salmon et al. 2011). A row of stream is (seed low, seed high, sequence, position, purpose); value j of the row is word j mod 4 of the block with key (seed low, seed high) and counter (⌊j/4⌋, position, sequence, purpose). A u32 output takes the bits, an f32 output ((bits ≫ 9) + ½) · 2⁻²³, which lies strictly between 0 and 1.',
  },
  copy: {
    mandatory: true,
    inputs: ['x: any[…]'],
    outputs: ['y: as x, contiguous'],
    semantics: 'The only op whose kernel must accept strided inputs.',
  },
} as const satisfies Record<string, OpSignature>;
