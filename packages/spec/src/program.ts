import type { OpCall } from './op-call.js';
import type { StridedType } from './operand.js';

/** The version of this contract. A backend states the one it was written for; registration checks it. */
export const specVersion = 1;

/** Where a buffer of a program lies. */
export type BufferLocation =
  /** The caller's memory, given at each run: `bindings[index]`. */
  | { readonly kind: 'binding'; readonly index: number }
  /** Planned memory that the executable owns: `segments[segment]` from `byteOffset` on. */
  | { readonly kind: 'arena'; readonly segment: number; readonly byteOffset: number };

/** A run of bytes that operands look into. Two arena buffers overlap only if their lifetimes do not. */
export interface ProgramBuffer {
  readonly location: BufferLocation;
  readonly byteLength: number;
}

/** A strided operand inside one buffer of the program (`offset` counts elements from the buffer's start). */
export interface Operand extends StridedType {
  readonly buffer: number;
}

/** A call with its memory settled: the kernel that `supports` chose, operands, and scratch if it asked. */
export interface ProgramCall extends OpCall {
  readonly kernel: string;
  readonly inputs: readonly Operand[];
  /** Always contiguous. May share a buffer with an input where the kernel declared `inPlace`. */
  readonly outputs: readonly Operand[];
  readonly scratch?: { readonly buffer: number; readonly byteLength: number };
}

/**
 * What the caller supplies at each run.
 * - `weight`: the same buffer at every run, read only (a device may bake its address in)
 * - `input`: read only, may differ from run to run
 * - `state`: read and written in place (donated)
 * - `output`: written
 */
export interface ProgramBinding {
  readonly name: string;
  readonly role: 'weight' | 'input' | 'state' | 'output';
  readonly byteLength: number;
}

/**
 * A planned computation for one device: calls in order over bound and planned memory. It is plain data
 * (structured-cloneable), so that it can be shown, compared, replayed and sent to a worker.
 */
export interface Program {
  readonly specVersion: typeof specVersion;
  readonly label: string;
  readonly bindings: readonly ProgramBinding[];
  /** Arena segments in bytes; each is at most the device's `largestBinding`. */
  readonly segments: readonly number[];
  readonly buffers: readonly ProgramBuffer[];
  readonly calls: readonly ProgramCall[];
}
