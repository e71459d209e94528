import type { KernelSupport, OpCall } from '../op-call.js';
import type { Program } from '../program.js';
import { checkProgram, type ProgramRules } from './check-program.js';

/**
 * The kernel of every call of a program, in order, once the program is checked.
 * @param kernels the device's kernels by name
 * @param supports what a kernel says of a call
 * @throws as `checkProgram`
 */
export function resolveKernels<Kernel extends { readonly op: string }>(
  program: Program,
  kernels: ReadonlyMap<string, Kernel>,
  supports: (kernel: Kernel, call: OpCall) => KernelSupport,
  rules: Omit<ProgramRules, 'support'>,
): readonly Kernel[] {
  checkProgram(program, {
    ...rules,
    support: (call) => {
      const kernel = kernels.get(call.kernel);
      if (!kernel) return undefined;
      if (kernel.op !== call.op) return { supported: false, reason: `it computes ${kernel.op}` };
      return supports(kernel, call);
    },
  });
  return program.calls.map((call) => kernels.get(call.kernel)!);
}
