import type { Attributes, TensorType } from '@hybra/spec';

/** How the elements of a case's input are made, from the case's seed. */
export type CaseValues =
  /** Normally distributed. */
  | { readonly kind: 'normal'; readonly scale?: number; readonly mean?: number }
  /** Uniform in [low, high); integers for integer dtypes. */
  | { readonly kind: 'uniform'; readonly low: number; readonly high: number }
  /** These numbers, over and over. */
  | { readonly kind: 'list'; readonly values: readonly number[] };

/** How an input lies in memory: the elements are the same, the window differs. */
export type CaseLayout = 'contiguous' | 'offset' | 'transposed' | 'strided';

/** One input of a conformance case. */
export interface CaseInput extends TensorType {
  readonly values: CaseValues;
  /** Default is `contiguous`. */
  readonly layout?: CaseLayout;
}

/** One conformance case of an op: made-up inputs on which every backend agrees with the reference. */
export interface OpCase {
  /** Says what is awkward about it: `length 257, two groups, inactive row`. */
  readonly name: string;
  readonly inputs: readonly CaseInput[];
  readonly attributes?: Attributes;
  /** Types of the outputs, for ops whose inputs do not determine them. */
  readonly declared?: readonly TensorType[];
}
