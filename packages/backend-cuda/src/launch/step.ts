import type { Operand } from '@hybra/spec';

/** The weight of a product, row by row. */
export type ProductWeight =
  | { readonly kind: 'bf16'; readonly codes: Operand }
  | {
      readonly kind: 'q8' | 'q4';
      readonly codes: Operand;
      readonly scales: Operand;
      readonly zeros: Operand | undefined;
    };

/** y = residual + W · prologue(x) for one row: as in native/gemv-stage.cuh. */
export interface ProductStep {
  readonly op: 'product';
  readonly weight: ProductWeight;
  readonly x: Operand;
  readonly y: Operand;
  readonly residual: Operand | undefined;
  readonly N: number;
  readonly K: number;
  readonly prologue: 'none' | 'rms' | 'gated';
  readonly normWeight: Operand | undefined;
  readonly gate: Operand | undefined;
  readonly groupWidth: number;
  readonly epsilon: number;
  readonly isGatedFirst: boolean;
}

/** A causal convolution of one position of one row, up to four taps: as `conv_one_f32` of native/causal-conv.cu. */
export interface ConvStep {
  readonly op: 'conv';
  readonly x: Operand;
  readonly weight: Operand;
  readonly bias: Operand;
  readonly tails: Operand;
  readonly slots: Operand;
  readonly lengths: Operand;
  readonly y: Operand;
  readonly channels: number;
  readonly taps: number;
  readonly slotCount: number;
  readonly isSilu: boolean;
}

/** One step of Mamba-2 of one row, in place in the pool: as native/ssd-step.cu. */
export interface SsdStep {
  readonly op: 'ssd';
  readonly x: Operand;
  readonly dt: Operand;
  readonly A: Operand;
  readonly B: Operand;
  readonly C: Operand;
  readonly states: Operand;
  readonly slots: Operand;
  readonly y: Operand;
  readonly bias: Operand | undefined;
  readonly valid: Operand | undefined;
  readonly otherwise: Operand | undefined;
  readonly skip: Operand | undefined;
  readonly low: number;
  readonly high: number;
  /** What made x, B and C, and is computed again here: its y is not written. */
  readonly convolution?: ConvStep;
}

/** What an elementwise step does: `…Word` on 4-byte words, moves by the bytes of an element. */
export type ElementAction =
  | 'move1'
  | 'move2'
  | 'move4'
  | 'move8'
  | 'select1'
  | 'select4'
  | 'fill1'
  | 'fill4'
  | 'iotaI32'
  | 'addWord'
  | 'lessI32'
  | 'equalI32'
  | 'or'
  | 'boolToI32'
  | 'bf16ToF32'
  | 'gather2'
  | 'gather4'
  | 'scatterAddI32';

/** An op on few elements. Each operand steps by one stride; the output is contiguous. */
export interface ElementsStep {
  readonly op: 'elements';
  readonly action: ElementAction;
  readonly inputs: readonly Operand[];
  readonly y: Operand;
  /** Elements from the first of `y` at which the output starts. */
  readonly from: number;
  readonly count: number;
  /** By input. */
  readonly strides: readonly number[];
  /** Bits of what `fill` writes, the extent and inner size of `iota`, or rows and width of `gather` and `scatter`. */
  readonly numbers: readonly [number, number];
}

/** What a launch computes, in words that the persistent kernel (native/persistent.cu) understands. */
export type Step = ProductStep | ConvStep | SsdStep | ElementsStep;
