import { formatType, type OpCall, type Support } from '@hybra/spec';
import type { CudaKernel } from '../kernel.js';

/** The first kernel that takes the call, or the reasons of all that could have. */
export function chooseKernel(kernels: readonly CudaKernel[], call: OpCall): Support {
  const reasons: string[] = [];
  for (const kernel of kernels) {
    if (kernel.op !== call.op) continue;
    const support = kernel.supports(call);
    if (support.supported) return { ...support, kernel: kernel.name };
    reasons.push(support.reason);
  }
  if (reasons.length > 0) return { supported: false, reason: reasons.join('; ') };
  const types = call.inputs.map(formatType).join(', ');
  return { supported: false, reason: `${call.op}(${types}): this device has no kernel for it` };
}
