import type { Tolerance } from '../graph/op-definition.js';

/** No rounding of its own: results are bit-equal (any NaN equals any NaN). */
export const exact: Tolerance = {};

/** One rounding to the output's dtype after arithmetic in float32 or wider. */
export const rounded: Tolerance = {
  f64: { relative: 1e-12, absolute: 1e-300 },
  f32: { relative: 2e-6, absolute: 1e-30 },
  f16: { relative: 1e-3, absolute: 6e-8 },
  bf16: { relative: 8e-3, absolute: 1e-38 },
};

/** A sum of many terms, in any order, accumulated in float32. */
export const accumulated: Tolerance = {
  f64: { relative: 1e-11, absolute: 1e-11 },
  f32: { relative: 1e-5, absolute: 1e-5 },
  f16: { relative: 2e-3, absolute: 2e-3 },
  bf16: { relative: 1.6e-2, absolute: 1e-2 },
};
