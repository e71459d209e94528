import { byteSize } from '../dtype.js';
import { HybraError } from '../errors.js';
import type { KernelSupport } from '../op-call.js';
import { isContiguous, spanOf } from '../operand.js';
import { type Operand, type Program, type ProgramCall, specVersion } from '../program.js';

/** What a device asks of the programs that it compiles. */
export interface ProgramRules {
  /** What the kernel that a call names says of the call; undefined if the device has no kernel of that name. */
  readonly support: (call: ProgramCall) => KernelSupport | undefined;
  /** Bytes to which planned buffers are aligned; a multiple of 8, so that views of every element size fit. */
  readonly alignment: number;
  /** Whether an output has to begin its buffer: its offset is 0. */
  readonly outputsBeginBuffers?: boolean;
}

/**
 * Checks that every call is one that the device takes and that each operand lies inside its memory, so that
 * running the program needs no checks.
 * @throws E_ARGUMENT for a program that contradicts itself or is of another version of the contract
 * @throws E_UNSUPPORTED_OP for a kernel that is not there or does not take the call
 */
export function checkProgram(program: Program, rules: ProgramRules): void {
  if (program.specVersion !== specVersion) {
    throw new HybraError(
      'E_ARGUMENT',
      `program ${program.label} is of contract version ${program.specVersion}; this device takes ${specVersion}.`,
      { program: program.label, got: program.specVersion, expected: specVersion },
    );
  }
  for (const index of program.buffers.keys()) checkBuffer(program, index, rules.alignment);
  for (const [index, call] of program.calls.entries()) checkCall(program, call, index, rules);
}

function checkCall(program: Program, call: ProgramCall, index: number, rules: ProgramRules): void {
  const refuse = (reason: string): HybraError =>
    new HybraError(
      'E_UNSUPPORTED_OP',
      `program ${program.label}, call ${index} (${call.op}): kernel ${call.kernel} ${reason}. Lower the program for this device.`,
      { program: program.label, call: index, op: call.op, kernel: call.kernel },
    );
  const support = rules.support(call);
  if (!support) throw refuse('is not on this device');
  if (!support.supported) throw refuse(`does not take the call: ${support.reason}`);
  if (support.acceptsStrided !== true && !call.inputs.every(isContiguous)) {
    throw refuse('takes contiguous inputs only');
  }
  const needed = support.scratchBytes ?? 0;
  if (needed > (call.scratch?.byteLength ?? 0)) throw refuse(`needs ${needed} bytes of scratch`);
  for (const operand of [...call.inputs, ...call.outputs]) checkOperand(program, index, operand);
  for (const output of call.outputs) {
    if (!isContiguous(output)) throw malformed(program, `call ${index} has a strided output`);
    if (rules.outputsBeginBuffers && output.offset !== 0) {
      throw malformed(program, `call ${index} has an output that does not begin its buffer`);
    }
  }
  if (call.scratch) {
    const { buffer, byteLength } = call.scratch;
    if (!(byteLength <= (program.buffers[buffer]?.byteLength ?? -1))) {
      throw malformed(program, `the scratch of call ${index} does not fit buffer ${buffer}`);
    }
  }
}

function checkBuffer(program: Program, index: number, alignment: number): void {
  const { location, byteLength } = program.buffers[index]!;
  if (location.kind === 'binding') {
    const binding = program.bindings[location.index];
    if (!binding || byteLength > binding.byteLength) {
      throw malformed(program, `buffer ${index} does not fit binding ${location.index}`);
    }
    return;
  }
  const { segment, byteOffset } = location;
  const isInside = byteOffset >= 0 && byteOffset + byteLength <= (program.segments[segment] ?? -1);
  if (!isInside || byteOffset % alignment !== 0) {
    throw malformed(program, `buffer ${index} does not fit segment ${segment}`);
  }
}

function checkOperand(program: Program, call: number, operand: Operand): void {
  const end = (operand.offset + spanOf(operand)) * byteSize(operand.dtype);
  if (operand.offset < 0 || !(end <= (program.buffers[operand.buffer]?.byteLength ?? -1))) {
    throw malformed(program, `an operand of call ${call} reaches outside buffer ${operand.buffer}`);
  }
}

function malformed(program: Program, what: string): HybraError {
  return new HybraError('E_ARGUMENT', `program ${program.label}: ${what}.`, { program: program.label });
}
