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

/**
 * What products of float32 with weights of 16-bit floats multiply: `float32` widens weights; `int14` rounds both operands
 * to 14 bits, 32 columns at a time, where a prompt meets a linear map.
 */
export const halfProducts = ['int14', 'float32'] as const;

/** One of {@link halfProducts}. */
export type HalfProducts = (typeof halfProducts)[number];

/** How a device multiplies matrices. */
export interface ProductKinds {
  readonly products: Products;
  readonly halfProducts: HalfProducts;
  readonly quantizedProducts: QuantizedProducts;
}
