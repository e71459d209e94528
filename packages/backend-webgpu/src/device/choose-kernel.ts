import { byteSize, formatType, type OpCall, type StridedType, type Support } from '@hybra/spec';
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
    const large = tooLarge(call, kernel.splitInput, facts);
    if (large !== undefined) {
      reasons.push(`${kernel.name}: ${formatType(call.inputs[large]!)} passes the largest binding`);
      continue;
    }
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

/** An input that one binding cannot cover, unless it is the one that the kernel binds in parts. */
function tooLarge(
  { inputs }: OpCall,
  split: number | undefined,
  { largestBinding = Number.POSITIVE_INFINITY }: DeviceFacts,
): number | undefined {
  const index = inputs.findIndex((input, at) => at !== split && bytesTo(input) > largestBinding);
  return index < 0 ? undefined : index;
}

/** Bytes from the buffer's start to the end of what an input looks at. */
function bytesTo({ dtype, shape, strides, offset }: StridedType): number {
  if (shape.includes(0)) return 0;
  const last = shape.reduce((sum, extent, axis) => sum + (extent - 1) * strides[axis]!, offset);
  return (last + 1) * byteSize(dtype);
}
