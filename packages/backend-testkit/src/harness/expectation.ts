import { type Capabilities, isFloat, type OpCall, type OpName, opSignatures } from '@hybra/spec';

/** Ops that move elements without computing; every dtype that a device stores will do. */
const moving: ReadonlySet<string> = new Set<OpName>([
  'copy',
  'cast',
  'fill',
  'select',
  'gatherRows',
  'writeRows',
  'concat',
  'pad',
]);

/**
 * Whether a device has to have a kernel for a call: a mandatory op on dtypes that it stores and, unless the
 * op only moves elements, computes in.
 */
export function isRequired({ op, inputs, outputs }: OpCall, capabilities: Capabilities): boolean {
  if (!opSignatures[op as OpName].mandatory) return false;
  return [...inputs, ...outputs].every(
    ({ dtype }) =>
      capabilities.storage.includes(dtype) &&
      (!isFloat(dtype) || moving.has(op) || capabilities.arithmetic.includes(dtype)),
  );
}
