import {
  type DType,
  formatType,
  isContiguous,
  isFloat,
  isHalf,
  type OpCall,
  type StridedType,
} from '@hybra/spec';

/** What a native kernel promises about one call; the addon knows its name and scratch. */
export interface RuleTraits {
  readonly acceptsStrided?: boolean;
  readonly inPlace?: readonly (readonly [output: number, input: number])[];
}

/** A rule's answer: traits, or the reason why the kernel cannot. */
export type RuleAnswer = RuleTraits | { readonly reason: string };

/** One op of the native backend. */
export interface Rule {
  /** Name of a call's kernel in the addon, from shapes, dtypes and attributes; the op's own when absent. */
  kernel?(call: OpCall): string;
  /** Depends on the call alone. */
  answer(call: OpCall): RuleAnswer;
  /** Attributes as numbers, in the order that the kernel's comment gives. Default is none. */
  attributes?(call: OpCall): readonly number[];
}

/** Float dtypes of every kernel: halves are widened to float32. */
export const computed: readonly DType[] = ['f32', 'f16', 'bf16'];

/** Float dtypes of the mandatory ops, which take float64 too: optional ones then decompose. */
export const floats: readonly DType[] = [...computed, 'f64'];

/** The answer "no" to the first operand whose dtype is not accepted; `undefined` if all are. */
export function refusal(
  call: OpCall,
  inputs: readonly (readonly DType[])[],
  outputs?: readonly DType[],
): { readonly reason: string } | undefined {
  const wrong =
    call.inputs.find(({ dtype }, index) => !(inputs[index] ?? inputs.at(-1)!).includes(dtype)) ??
    (outputs && call.outputs.find(({ dtype }) => !outputs.includes(dtype)));
  return wrong && { reason: `${call.op}: no native kernel for ${formatType(wrong)}` };
}

/** Whether the last `axes` axes lie side by side, whatever the strides of those before. */
export function isRowContiguous({ shape, strides }: StridedType, axes = 1): boolean {
  return isContiguous({ shape: shape.slice(-axes), strides: strides.slice(-axes) });
}

/**
 * `acceptsStrided` for a kernel that takes windows with contiguous rows: true if every input is contiguous but
 * those at `places`, which need contiguous last axes only.
 * @param places axes that must be contiguous, by the input's place
 */
export function takesWindows(call: OpCall, places: Readonly<Record<number, number>>): RuleTraits {
  const fits = call.inputs.every((type, index) =>
    index in places ? isRowContiguous(type, places[index]) : isContiguous(type),
  );
  return { acceptsStrided: fits };
}

/** The pairs `[0, input]` of an elementwise call whose elements lie exactly as the output's do. */
export function elementwiseInPlace(
  call: OpCall,
  candidates: readonly number[],
): readonly (readonly [output: number, input: number])[] {
  const { dtype } = call.outputs[0]!;
  return candidates
    .filter((index) => call.inputs[index]!.dtype === dtype && isContiguous(call.inputs[index]!))
    .map((index) => [0, index] as const);
}

/** Whether two dtypes may meet in a product: equal floats, or a narrow weight beside float32. */
export function isProductPair(a: DType, b: DType): boolean {
  return isFloat(a) && (a === b || (a === 'f32' && isHalf(b)));
}
