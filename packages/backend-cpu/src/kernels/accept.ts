import { type DType, formatType, isFloat, type OpCall } from '@hybra/spec';
import type { CpuSupport } from '../kernel.js';

/** The answer "no", with its reason. */
export function unsupported(reason: string): CpuSupport {
  return { supported: false, reason };
}

/** Why `call` is not all of the given dtypes, or `undefined` if it is. */
export function refusal(
  call: OpCall,
  accepted: { readonly inputs: readonly DType[]; readonly outputs?: readonly DType[] },
): CpuSupport | undefined {
  for (const type of call.inputs) {
    if (!accepted.inputs.includes(type.dtype)) return refusedType(call.op, 'input', formatType(type));
  }
  for (const type of call.outputs) {
    const dtypes = accepted.outputs ?? accepted.inputs;
    if (!dtypes.includes(type.dtype)) return refusedType(call.op, 'output', formatType(type));
  }
  return undefined;
}

/** Why the inputs at these places (all when absent) are not floats, or `undefined` if they are. */
export function refusalUnlessFloat(call: OpCall, places?: readonly number[]): CpuSupport | undefined {
  const types = places ? places.map((place) => call.inputs[place]!) : call.inputs;
  const wrong = types.find((type) => !isFloat(type.dtype));
  return wrong && refusedType(call.op, 'input', formatType(wrong));
}

function refusedType(op: string, side: string, type: string): CpuSupport {
  return unsupported(`${op}: no loop for an ${side} ${type}`);
}
