import {
  byteSize,
  HybraError,
  isContiguous,
  type Operand,
  type Program,
  type ProgramCall,
  specVersion,
} from '@hybra/spec';
import type { CudaKernel } from '../kernel.js';

/**
 * Finds the kernel of every call and checks that each operand lies inside its memory.
 * @throws E_ARGUMENT for a program that contradicts itself or is of another version of the contract
 * @throws E_UNSUPPORTED_OP for a kernel that is not here or does not take the call
 */
export function resolveKernels(
  program: Program,
  kernels: ReadonlyMap<string, CudaKernel>,
): readonly CudaKernel[] {
  if (program.specVersion !== specVersion) {
    throw new HybraError(
      'E_ARGUMENT',
      `program ${program.label} is of contract version ${program.specVersion}; this device takes ${specVersion}.`,
      { program: program.label, got: program.specVersion, expected: specVersion },
    );
  }
  for (const index of program.buffers.keys()) checkBuffer(program, index);
  return program.calls.map((call, index) => resolveKernel(program, call, index, kernels));
}

function resolveKernel(
  program: Program,
  call: ProgramCall,
  index: number,
  kernels: ReadonlyMap<string, CudaKernel>,
): CudaKernel {
  const kernel = kernels.get(call.kernel);
  const refuse = (reason: string): HybraError =>
    new HybraError(
      'E_UNSUPPORTED_OP',
      `program ${program.label}, call ${index} (${call.op}): kernel ${call.kernel} ${reason}. Lower the program for this device.`,
      { program: program.label, call: index, op: call.op, kernel: call.kernel },
    );
  if (!kernel) throw refuse('is not on this device');
  if (kernel.op !== call.op) throw refuse(`computes ${kernel.op}`);
  const support = kernel.supports(call);
  if (!support.supported) throw refuse(`does not take the call: ${support.reason}`);
  if (support.acceptsStrided !== true && !call.inputs.every(isContiguous)) {
    throw refuse('takes contiguous inputs only');
  }
  const needed = support.scratchBytes ?? 0;
  if (needed > (call.scratch?.byteLength ?? 0)) throw refuse(`needs ${needed} bytes of scratch`);
  for (const operand of [...call.inputs, ...call.outputs]) checkOperand(program, index, operand);
  if (!call.outputs.every(isContiguous)) throw malformed(program, `call ${index} has a strided output`);
  if (
    call.scratch &&
    !(call.scratch.byteLength <= (program.buffers[call.scratch.buffer]?.byteLength ?? -1))
  ) {
    throw malformed(program, `the scratch of call ${index} does not fit buffer ${call.scratch.buffer}`);
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
  const isInside = location.byteOffset >= 0 && location.byteOffset + byteLength <= segment;
  // Kernels read 16 bytes at a time.
  if (!isInside || location.byteOffset % 16 !== 0) {
    throw malformed(program, `buffer ${index} does not fit segment ${location.segment}`);
  }
}

function checkOperand(program: Program, call: number, operand: Operand): void {
  let last = 0;
  for (const [axis, extent] of operand.shape.entries()) {
    if (extent === 0) return;
    last += (extent - 1) * operand.strides[axis]!;
  }
  const end = (operand.offset + last + 1) * byteSize(operand.dtype);
  if (operand.offset < 0 || !(end <= (program.buffers[operand.buffer]?.byteLength ?? -1))) {
    throw malformed(program, `an operand of call ${call} reaches outside buffer ${operand.buffer}`);
  }
}

function malformed(program: Program, what: string): HybraError {
  return new HybraError('E_ARGUMENT', `program ${program.label}: ${what}.`, { program: program.label });
}
