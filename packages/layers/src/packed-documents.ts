/*
 * Several documents in one row, without a token seeing another document than its own.
 *
 * Ops along the sequence know rows, not documents. Each is given inputs that make it forget:
 * - attention: queries and keys get a few more dimensions, `queryMarks` and `keyMarks`. Each bit b of the number of
 *   a document is written as (b, 1 − b) in a query and as −(1 − b, b) in a key, so that every bit in which two
 *   documents differ adds −2¹⁴ to their product, and equal numbers add exactly 0;
 * - scans and convolutions: see `beginDocuments` and `convolveTokens`.
 */
import { formatType, HybraError } from '@hybra/spec';
import {
  bitAnd,
  cast,
  concat,
  cumulativeSum,
  equal,
  iota,
  mul,
  shiftRight,
  sub,
  type Tensor,
  unsqueeze,
} from '@hybra/tensor';

/** Where the documents of packed rows lie. */
export interface PackedDocuments {
  /** `bool[B, T]`: the token is the first of its document. */
  readonly isFirst: Tensor;
  /** `i32[B, T]`: place of the token in its document. */
  readonly places: Tensor;
  /** `f32[B, T, 2 · bits]`, see above. */
  readonly queryMarks: Tensor;
  /** `f32[B, T, 2 · bits]`, see above. */
  readonly keyMarks: Tensor;
}

/** What a product of query and key loses by each bit: the weight e^(−2¹⁴ scale) is 0 for scales above 0.007. */
const apart = 2 ** 14;

/**
 * Describes packed rows to the layers.
 * @param places `i32[B, T]`: place of each token in its document; 0 begins one
 * @throws E_SHAPE, E_DTYPE
 */
export function packedDocuments(places: Tensor): PackedDocuments {
  if (places.rank !== 2) {
    throw new HybraError('E_SHAPE', `packed rows: places are ${formatType(places)}, expected i32[B, T].`, {
      shape: places.shape,
    });
  }
  const isFirst = equal(places, 0);
  const numbers = cumulativeSum(cast(isFirst, 'i32'), 1);
  // A row of T tokens has at most T documents; a multiple of 8 dimensions suits kernels.
  const count = 4 * Math.ceil(Math.log2(places.shape[1]! + 1) / 4);
  const bits = cast(bitAnd(shiftRight(unsqueeze(numbers, 2), iota([count], 0, 'i32')), 1), 'f32');
  const others = sub(1, bits);
  return Object.freeze({
    isFirst,
    places,
    queryMarks: mul(concat([bits, others], 2), apart),
    keyMarks: mul(concat([others, bits], 2), -1),
  });
}
