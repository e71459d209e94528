import { formatType, type OpCall } from '@hybra/spec';
import type { CpuSupport } from '../../kernel.js';
import { unsupported } from '../accept.js';

/** The answer for gradients, which come in f32 and f64 only: yes with so much scratch, or no with the reason. */
export function wideSupport(call: OpCall, scratchBytes = 0): CpuSupport {
  const half = call.inputs.find(({ dtype }) => dtype === 'f16' || dtype === 'bf16');
  return half
    ? unsupported(`${call.op}: no loop for an input ${formatType(half)}`)
    : { supported: true, scratchBytes };
}
