import {
  byteSize,
  HybraError,
  isContiguous,
  type OpCall,
  type Operand,
  type Program,
  type ProgramCall,
  type Support,
  specVersion,
} from '@hybra/spec';

/**
 * Checks that every call is one that the device takes and that each operand lies inside its memory: the addon
 * runs a program without looking again.
 * @throws E_ARGUMENT for a program that contradicts itself or is of another version of the contract
 * @throws E_UNSUPPORTED_OP for a kernel that is not here or does not take the call
 */
export function checkProgram(program: Program, supports: (call: OpCall) => Support): void {
  if (program.specVersion !== specVersion) {
    throw new HybraError(
      'E_ARGUMENT',
      `program ${program.label} is of contract version ${program.specVersion}; this device takes ${specVersion}.`,
      { program: program.label, got: program.specVersion, expected: specVersion },
    );
  }
  for (const index of program.buffers.keys()) checkBuffer(program, index);
  for (const [index, call] of program.calls.entries()) checkCall(program, call, index, supports(call));
}

function checkCall(program: Program, call: ProgramCall, index: number, support: Support): void {
  const refuse = (reason: string): HybraError =>
    new HybraError(
      'E_UNSUPPORTED_OP',
      `program ${program.label}, call ${index} (${call.op}): kernel ${call.kernel} ${reason}. Lower the program for this device.`,
      { program: program.label, call: index, op: call.op, kernel: call.kernel },
    );
  if (!support.supported) throw refuse(`does not take the call: ${support.reason}`);
  if (support.kernel !== call.kernel) throw refuse(`is not on this device, which has ${support.kernel}`);
  if (support.acceptsStrided !== true && !call.inputs.every(isContiguous)) {
    throw refuse('takes contiguous inputs only');
  }
  const needed = support.scratchBytes ?? 0;
  if (needed > (call.scratch?.byteLength ?? 0)) throw refuse(`needs ${needed} bytes of scratch`);
  for (const operand of [...call.inputs, ...call.outputs]) checkOperand(program, index, operand);
  if (!call.outputs.every(isContiguous)) throw malformed(program, `call ${index} has a strided output`);
  if (call.scratch) {
    const { buffer, byteLength } = call.scratch;
    if (!(byteLength <= (program.buffers[buffer]?.byteLength ?? -1))) {
      throw malformed(program, `the scratch of call ${index} does not fit buffer ${buffer}`);
    }
  }
}

function checkBuffer(program: Program, index: number): void {
  const { location, byteLength } = program.buffers[index]!;
  if (location.kind === 'binding') {
    const binding = program.bindings[location.index];
    if (!binding || byteLength > binding.byteLength) {
      throw malformed(program, `buffer ${index} does not fit binding ${location.index}`);
    }
    return;
  }
  const segment = program.segments[location.segment] ?? -1;
  // Every element size divides 8, so any operand of an aligned buffer has an aligned address.
  if (
    location.byteOffset % 8 !== 0 ||
    location.byteOffset < 0 ||
    location.byteOffset + byteLength > segment
  ) {
    throw malformed(program, `buffer ${index} does not fit segment ${location.segment}`);
  }
}

function checkOperand(program: Program, call: number, operand: Operand): void {
  const end = (operand.offset + spanOf(operand)) * byteSize(operand.dtype);
  if (operand.offset < 0 || !(end <= (program.buffers[operand.buffer]?.byteLength ?? -1))) {
    throw malformed(program, `an operand of call ${call} reaches outside buffer ${operand.buffer}`);
  }
}

/** Elements from an operand's first to its last in memory, both included; 0 if it has none. */
function spanOf({ shape, strides }: Operand): number {
  if (shape.includes(0)) return 0;
  return shape.reduce((last, extent, axis) => last + (extent - 1) * strides[axis]!, 0) + 1;
}

function malformed(program: Program, what: string): HybraError {
  return new HybraError('E_ARGUMENT', `program ${program.label}: ${what}.`, { program: program.label });
}
