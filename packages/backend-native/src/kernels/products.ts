/**
 * What products multiply: `float32`; `bfloat16` rounds both operands to bfloat16 and sums in float32.
 */
export const products = ['float32', 'bfloat16'] as const;

/** One of {@link products}. */
export type Products = (typeof products)[number];

/**
 * What products with quantised weights multiply: `float32` expands codes and leaves activations as they are;
 * `int8` rounds activations to 8 bits, 32 columns at a time, and multiplies the codes.
 */
export const quantizedProducts = ['int8', 'float32'] as const;

/** One of {@link quantizedProducts}. */
export type QuantizedProducts = (typeof quantizedProducts)[number];

/** How a device multiplies matrices. */
export interface ProductKinds {
  readonly products: Products;
  readonly quantizedProducts: QuantizedProducts;
}
