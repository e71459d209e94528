import type { Attributes, DType, OpName, TensorType } from '@hybra/spec';
import type { Tensor } from './tensor.js';

/**
 * How far a kernel's result may lie from the reference's: |got − expected| ≤ absolute + relative · |expected|,
 * by dtype of the output. Integers and `bool` must be equal always.
 */
export type Tolerance = Readonly<
  Partial<Record<DType, { readonly relative: number; readonly absolute: number }>>
>;

/** An op as data. Without `decompose` it is mandatory for every backend; with it, optional. */
export interface OpDefinition {
  readonly name: OpName;
  readonly tolerance: Tolerance;
  /**
   * Types of the outputs. Checks everything that can be checked without the data.
   * @param declared what the caller asks for, for ops whose inputs do not determine it
   * @throws E_SHAPE, E_DTYPE, E_ARGUMENT with op, argument, got, expected and the way out
   */
  readonly infer: (
    inputs: readonly TensorType[],
    attributes: Attributes,
    declared: readonly TensorType[] | undefined,
  ) => readonly TensorType[];
  /**
   * The same mathematics in simpler ops, in its numerically stable form, with O(log length) or O(chunks)
   * nodes. Returns tensors of exactly the types in `outputs`.
   */
  readonly decompose?: (
    inputs: readonly Tensor[],
    attributes: Attributes,
    outputs: readonly TensorType[],
  ) => readonly Tensor[];
}
