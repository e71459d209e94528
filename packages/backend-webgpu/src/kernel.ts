import type { DType, KernelSupport, OpCall, OpName, ProgramCall } from '@hybra/spec';
import type { MapPlan } from './wgsl/map.js';

/** What kernels may ask about the device they are for. Facts, not names of hardware. */
export interface DeviceFacts {
  /** Bytes of workgroup memory. At least 16384. */
  readonly workgroupBytes: number;
  /** Invocations of one workgroup. At least 256. */
  readonly workgroupInvocations: number;
  /** Storage buffers that one dispatch may bind. At least 8. */
  readonly storageBuffers: number;
  /** Lanes of a subgroup, where shaders may use subgroup operations and all subgroups have the same size. */
  readonly subgroupSize?: number | undefined;
  /** Bytes that one binding may cover. Default is as many as there are. */
  readonly largestBinding?: number | undefined;
  /** Whether products may round their operands to float16 and use subgroup matrices. */
  readonly usesMatrixUnits?: boolean;
}

/** Which memory of the call a dispatch touches. */
export type Place =
  /** A part of the input's buffer, as of scratch, for those that pass the largest binding: places count on. */
  | {
      readonly kind: 'input';
      readonly index: number;
      readonly byteOffset?: number;
      readonly byteLength?: number;
    }
  | { readonly kind: 'output'; readonly index: number }
  /** A part of the scratch; `byteOffset` a multiple of 256. The whole when no range is given. */
  | { readonly kind: 'scratch'; readonly byteOffset?: number; readonly byteLength?: number };

/**
 * How WGSL sees an operand.
 * - `number`: as f32, i32, u32 or bool, whatever the dtype
 * - `bits`: the bits of an element, zero-extended to u32
 * - anything else: `NAME` is an `array<…>` of that type over the operand's buffer
 *
 * For inputs `at_NAME(i)` gives the place of element i (row-major) in the buffer. For `number` and `bits` there
 * are `get_NAME(place)` and `load_NAME(i)`.
 */
export type OperandView =
  | 'number'
  | 'bits'
  | 'f32'
  | 'u32'
  | 'i32'
  | 'vec2<u32>'
  | 'vec4<f32>'
  | 'vec4<u32>'
  | 'atomic<u32>';

/** One storage buffer of a dispatch. */
export interface DispatchOperand {
  readonly name: string;
  readonly place: Place;
  readonly view: OperandView;
  readonly isWritten?: boolean;
  /** Another window on the same buffer than the call's, such as one with permuted axes. */
  readonly window?: { readonly shape: readonly number[]; readonly strides: readonly number[] };
}

/** A number that a shader reads from the uniform `p`, so that a new size costs no new shader. */
export interface Parameter {
  readonly name: string;
  readonly type: 'u32' | 'i32' | 'f32';
  readonly value: number;
}

/** One dispatch: WGSL with what it binds. Declarations of operands, accessors and `p` are put before `code`. */
export interface Dispatch {
  readonly operands: readonly DispatchOperand[];
  readonly parameters: readonly Parameter[];
  /** WGSL with one entry point `main`. Depends on static facts only, never on extents. */
  readonly code: string;
  /** Workgroups; a dispatch of none is left out. More than 65535 along x are spread over y. */
  readonly workgroups: readonly [x: number, y: number, z: number];
  /** Whether the WGSL uses subgroup operations. */
  readonly usesSubgroups?: boolean;
  /** Whether the WGSL uses float16 and subgroup matrices. */
  readonly usesMatrixUnits?: boolean;
  /** What it was made from, if each element of its output is a function of inputs alone. */
  readonly map?: MapPlan;
}

/** A call as a kernel builds it: with its memory settled. */
export interface BuildContext {
  readonly facts: DeviceFacts;
  /** Whether this output and this input lie in the same memory. */
  isInPlace(output: number, input: number): boolean;
}

/** A kernel's answer about one call: what it promises, or why it cannot. */
export type WebGpuSupport = KernelSupport;

/**
 * One way to compute one op on this backend. A kernel is a value: pass your own in front of
 * {@link standardKernels}, and the first that supports a call gets it.
 * @example
 * const backend = webgpu({ gpu, kernels: [mySsdScan, ...standardKernels] });
 */
export interface WebGpuKernel {
  /** Unique name, such as `webgpu/matmul-tiled`. */
  readonly name: string;
  readonly op: OpName;
  /** Index of the input that may pass the largest binding: several dispatches bind a part of it each. */
  readonly splitInput?: number;
  /** Whether it can run this call. Depends on the call and the device's facts alone, never on data. */
  supports(call: OpCall, facts: DeviceFacts): WebGpuSupport;
  /** The dispatches of a supported call, in order. Called once per program. */
  build(call: ProgramCall, context: BuildContext): readonly Dispatch[];
}

/** Dtypes that this backend stores. WGSL has no 64-bit floats. */
export const storedDTypes = [
  'f32',
  'f16',
  'bf16',
  'i32',
  'u32',
  'i8',
  'u8',
  'bool',
] as const satisfies readonly DType[];
