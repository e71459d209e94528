import {
  byteSize,
  HybraError,
  isContiguous,
  type Operand,
  type Program,
  type ProgramCall,
  specVersion,
} from '@hybra/spec';
import type { DeviceFacts, WebGpuKernel } from '../kernel.js';
import { spanOf } from './span.js';

/** Bytes to which WebGPU aligns the offset of a binding, at most: what every device takes. */
export const bindingAlignment = 256;

/**
 * Finds the kernel of every call and checks that each operand lies inside its memory, so that running a
 * program needs no checks.
 * @throws E_ARGUMENT for a program that contradicts itself or is of another version of the contract
 * @throws E_UNSUPPORTED_OP for a kernel that is not here or does not take the call
 */
export function resolveKernels(
  program: Program,
  kernels: ReadonlyMap<string, WebGpuKernel>,
  facts: DeviceFacts,
): readonly WebGpuKernel[] {
  if (program.specVersion !== specVersion) {
    throw new HybraError(
      'E_ARGUMENT',
      `program ${program.label} is of contract version ${program.specVersion}; this device takes ${specVersion}.`,
      { program: program.label, got: program.specVersion, expected: specVersion },
    );
  }
  program.buffers.forEach((_, index) => {
    checkBuffer(program, index);
  });
  return program.calls.map((call, index) => resolveKernel(program, call, index, kernels, facts));
}

function resolveKernel(
  program: Program,
  call: ProgramCall,
  index: number,
  kernels: ReadonlyMap<string, WebGpuKernel>,
  facts: DeviceFacts,
): WebGpuKernel {
  const kernel = kernels.get(call.kernel);
  const details = { program: program.label, call: index, op: call.op, kernel: call.kernel };
  const refuse = (reason: string): HybraError =>
    new HybraError(
      'E_UNSUPPORTED_OP',
      `program ${program.label}, call ${index} (${call.op}): kernel ${call.kernel} ${reason}. Lower the program for this device.`,
      details,
    );
  if (!kernel) throw refuse('is not on this device');
  if (kernel.op !== call.op) throw refuse(`computes ${kernel.op}`);
  const support = kernel.supports(call, facts);
  if (!support.supported) throw refuse(`does not take the call: ${support.reason}`);
  if (support.acceptsStrided !== true && !call.inputs.every(isContiguous)) {
    throw refuse('takes contiguous inputs only');
  }
  const needed = support.scratchBytes ?? 0;
  if (needed > (call.scratch?.byteLength ?? 0)) throw refuse(`needs ${needed} bytes of scratch`);
  for (const operand of [...call.inputs, ...call.outputs]) checkOperand(program, index, operand);
  if (!call.outputs.every((output) => isContiguous(output) && output.offset === 0)) {
    throw malformed(program, `call ${index} has an output that is not the beginning of a buffer, in order`);
  }
  if (call.scratch) {
    const { buffer, byteLength } = call.scratch;
    if (!(byteLength <= (program.buffers[buffer]?.byteLength ?? -1))) {
      throw malformed(program, `the scratch of call ${index} does not fit buffer ${buffer}`);
    }
  }
  return kernel;
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
  if (
    location.byteOffset % bindingAlignment !== 0 ||
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

function malformed(program: Program, what: string): HybraError {
  return new HybraError('E_ARGUMENT', `program ${program.label}: ${what}.`, { program: program.label });
}
