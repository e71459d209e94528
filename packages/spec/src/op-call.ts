import type { StridedType, TensorType } from './operand.js';

/** Values that an op's static attributes may take. */
export type AttributeValue = number | string | boolean | readonly number[];

/** Static attributes of an op: what kernels are specialised on. Never batch, length or capacity. */
export type Attributes = Readonly<Record<string, AttributeValue>>;

/**
 * One application of an op, as a device is asked about it: which op, on what, giving what.
 * Trailing optional inputs are simply absent.
 */
export interface OpCall {
  readonly op: string;
  readonly inputs: readonly StridedType[];
  readonly outputs: readonly TensorType[];
  readonly attributes: Attributes;
}

/** What a kernel promises about one call. */
export interface KernelTraits {
  /** Names the kernel in `explain()` and in tests, such as `cpu/matmul` or `webgpu/matmul-tiled-f16`. */
  readonly kernel: string;
  /**
   * Whether inputs may be strided views. Default is `false`. If this is true the kernel honours strides and
   * offset of every input; otherwise the core inserts a `copy` before it. Offsets of contiguous inputs are
   * always to be honoured.
   */
  readonly acceptsStrided?: boolean;
  /**
   * Pairs `[output, input]` that may share one buffer: the kernel reads each element of that input before it
   * writes the same element of that output, or never reads it. Default is none.
   */
  readonly inPlace?: readonly (readonly [output: number, input: number])[];
  /** Bytes of scratch memory the call needs in the arena. Default is 0. */
  readonly scratchBytes?: number;
}

/** What a kernel says of a call; its name is known. */
export type KernelSupport =
  | ({ readonly supported: true } & Omit<KernelTraits, 'kernel'>)
  | { readonly supported: false; readonly reason: string };

/** A device's answer to "can you run this call?". */
export type Support =
  | ({ readonly supported: true } & KernelTraits)
  | { readonly supported: false; readonly reason: string };
