import { byteSize, type Operand, type ProgramCall } from '@hybra/spec';
import type { Step } from './step.js';
import type { TensorMap } from './tensor-map.js';

/** A byte of a program's memory: `byteOffset` into one of its buffers. */
export interface Place {
  readonly buffer: number;
  readonly byteOffset: number;
}

/** A kernel's parameter. Structs are given field by field; each field is aligned to its own size, as in C. */
export type Parameter =
  | { readonly kind: 'pointer'; readonly place: Place | undefined }
  | { readonly kind: 'i64'; readonly value: number | bigint }
  | { readonly kind: 'i32' | 'u32' | 'f32'; readonly value: number };

/** Something enqueued on the device's stream. */
export type Launch =
  | {
      readonly kind: 'kernel';
      /** Name of a file of kernels, such as `unary`. */
      readonly module: string;
      /** Name of the kernel in it. */
      readonly entry: string;
      readonly grid: readonly [number, number, number];
      /** Threads of a block. */
      readonly block: number;
      /** Bytes of dynamic shared memory. */
      readonly sharedBytes?: number;
      /** Maps that are parameters of their own, before one struct of `parameters`. Hopper only. */
      readonly maps?: readonly TensorMap[];
      readonly parameters: readonly Parameter[];
      /** Bytes of the kernel's parameters, where they are more than those given: the rest is zeros. */
      readonly parameterBytes?: number;
      /**
       * Whether it may start before the launch before it has ended: the kernel waits by itself (`begin` in
       * native/common.cuh). `constant` is a buffer that it reads before that.
       */
      readonly overlaps?: { readonly constant?: number };
      /** The same for the persistent kernel, where it has a form for it. */
      readonly step?: Step | undefined;
    }
  | { readonly kind: 'copy'; readonly from: Place; readonly to: Place; readonly byteLength: number };

/** Where an operand's first element lies. */
export function placeOf(operand: Operand): Place {
  return { buffer: operand.buffer, byteOffset: operand.offset * byteSize(operand.dtype) };
}

/** Where a call's scratch lies, from `byteOffset` on. */
export function scratchOf(call: ProgramCall, byteOffset = 0): Place | undefined {
  return call.scratch && { buffer: call.scratch.buffer, byteOffset };
}

/** A pointer to an operand's first element; null without one. */
export function pointer(operand: Operand | undefined): Parameter {
  return { kind: 'pointer', place: operand && placeOf(operand) };
}

/** A pointer to a place; null without one. */
export function pointerTo(place: Place | undefined): Parameter {
  return { kind: 'pointer', place };
}

/** A 32-bit unsigned integer. */
export function u32(value: number): Parameter {
  return { kind: 'u32', value };
}

/** A truth value, as a 32-bit unsigned integer. */
export function flag(value: boolean): Parameter {
  return { kind: 'u32', value: value ? 1 : 0 };
}

/** A 64-bit signed integer. */
export function i64(value: number | bigint): Parameter {
  return { kind: 'i64', value };
}

/** A float32. */
export function f32(value: number): Parameter {
  return { kind: 'f32', value };
}

/** The launches that make an output hold an input's old value before parts of it are replaced: none in place. */
export function carryOver(input: Operand, output: Operand, byteLength: number): readonly Launch[] {
  const from = placeOf(input);
  const to = placeOf(output);
  const isInPlace = from.buffer === to.buffer && from.byteOffset === to.byteOffset;
  return isInPlace || byteLength === 0 ? [] : [{ kind: 'copy', from, to, byteLength }];
}
