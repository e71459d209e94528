import type { Capabilities } from '@hybra/spec';
import type { LoweredCall, LoweredOperand, LoweredValue } from './lowered.js';

/** A binding of a program before it is planned: values that the caller brings or takes. */
export interface PlannedBinding {
  readonly name: string;
  readonly role: 'weight' | 'input' | 'state' | 'output';
  readonly byteLength: number;
  /** The value that lies in it when the run begins. */
  readonly holds?: LoweredValue;
  /** The value that must lie in it when the run ends. */
  readonly receives?: LoweredValue;
}

/** What the planner plans: the calls of one stage. */
export interface PlanRequest {
  readonly label: string;
  readonly capabilities: Capabilities;
  readonly calls: readonly LoweredCall[];
  readonly bindings: readonly PlannedBinding[];
  /** Makes the call that copies one whole value into another. */
  readonly copyCall: (from: LoweredValue, to: LoweredValue) => LoweredCall;
}

/** Memory that one or more values share, one after the other (in place). */
export class VirtualBuffer {
  /** Index of the binding it is, if it is one. */
  binding: number | undefined;
  byteLength: number;
  firstUse = Number.POSITIVE_INFINITY;
  lastUse = Number.NEGATIVE_INFINITY;

  constructor(byteLength: number, binding?: number) {
    this.byteLength = byteLength;
    this.binding = binding;
  }

  use(at: number): void {
    this.firstUse = Math.min(this.firstUse, at);
    this.lastUse = Math.max(this.lastUse, at);
  }
}

/** Whether an operand is the whole of its value, in order. */
export function isWholeOperand(operand: LoweredOperand): boolean {
  if (operand.offset !== 0) return false;
  let expected = 1;
  for (let axis = operand.shape.length - 1; axis >= 0; axis--) {
    if (operand.shape[axis] !== 1 && operand.strides[axis] !== expected) return false;
    expected *= operand.shape[axis]!;
  }
  return expected === operand.value.shape.reduce((product, extent) => product * extent, 1);
}
