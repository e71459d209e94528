import type { Operand, Program, ProgramCall, ProgramMemory } from '@hybra/spec';
import type { DeviceFacts, Dispatch } from '../kernel.js';

/** Calls of a program and the dispatches that replace them, in the place of the last. */
export interface Fusion {
  readonly members: readonly number[];
  /** What the dispatches' places refer to: inputs and outputs of all members that are left. */
  readonly call: ProgramCall;
  readonly dispatches: readonly Dispatch[];
}

/** What a fusion may look at. */
export interface FusionContext {
  readonly program: Program;
  readonly memory: ProgramMemory;
  readonly facts: DeviceFacts;
  /** Whether a call is computed by a fusion already. */
  isTaken(index: number): boolean;
}

/** Tries to replace the call at `index`, with calls around it. */
export type Fuser = (context: FusionContext, index: number) => Fusion | undefined;

/** A call that stands for several: dispatches name its operands by their position. */
export function fusedCall(
  op: string,
  inputs: readonly Operand[],
  outputs: readonly Operand[],
  scratch?: ProgramCall['scratch'],
): ProgramCall {
  return { op, kernel: `webgpu/${op}`, inputs, outputs, attributes: {}, ...(scratch && { scratch }) };
}
