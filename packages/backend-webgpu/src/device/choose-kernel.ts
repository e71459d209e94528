import { formatType, type OpCall, type Support } from '@hybra/spec';
import { type DeviceFacts, storedDTypes, type WebGpuKernel } from '../kernel.js';

/** The first kernel that takes the call, or the reasons of all that could have. */
export function chooseKernel(kernels: readonly WebGpuKernel[], call: OpCall, facts: DeviceFacts): Support {
  const wrong = [...call.inputs, ...call.outputs].find(
    ({ dtype }) => !(storedDTypes as readonly string[]).includes(dtype),
  );
  if (wrong) return { supported: false, reason: `${call.op}: WGSL has no ${wrong.dtype}` };
  const reasons: string[] = [];
  for (const kernel of kernels) {
    if (kernel.op !== call.op) continue;
    const support = kernel.supports(call, facts);
    if (support.supported) return { ...support, kernel: kernel.name };
    reasons.push(support.reason);
  }
  const types = call.inputs.map(formatType).join(', ');
  if (reasons.length === 0) {
    return { supported: false, reason: `${call.op}(${types}): this device has no kernel for it` };
  }
  return { supported: false, reason: reasons.join('; ') };
}
