import { HybraError, type Program, type ProgramCall } from '@hybra/spec';
import type { DeviceFacts, Dispatch } from '../kernel.js';

/**
 * Whether a device binds what each dispatch of a fused call touches: not too many buffers, and no writable one that
 * overlaps another. Buffers of calls that were apart may have followed one another in the same memory.
 */
export function isBindable(
  program: Program,
  facts: DeviceFacts,
  call: ProgramCall,
  dispatches: readonly Dispatch[],
): boolean {
  return dispatches.every(({ operands }) => {
    const writes = new Map<number, boolean>();
    const bindings = new Set<string>();
    for (const { place, view, isWritten = false } of operands) {
      if (place.kind === 'scratch') {
        throw new HybraError('E_ARGUMENT', `${call.op}: a fused call has no scratch.`, { op: call.op });
      }
      const { buffer } = (place.kind === 'input' ? call.inputs : call.outputs)[place.index]!;
      writes.set(buffer, isWritten || writes.get(buffer) === true);
      bindings.add(`${buffer} ${view.startsWith('vec') ? view : ''}`);
    }
    const buffers = [...writes];
    return (
      bindings.size <= facts.storageBuffers &&
      buffers.every(
        ([buffer, isWritten]) =>
          !isWritten || buffers.every(([other]) => other === buffer || !doOverlap(program, buffer, other)),
      )
    );
  });
}

function doOverlap({ buffers }: Program, a: number, b: number): boolean {
  const [one, other] = [buffers[a]!, buffers[b]!];
  if (one.location.kind === 'binding' || other.location.kind === 'binding') {
    return (
      one.location.kind === 'binding' &&
      other.location.kind === 'binding' &&
      one.location.index === other.location.index
    );
  }
  return (
    one.location.segment === other.location.segment &&
    one.location.byteOffset < other.location.byteOffset + other.byteLength &&
    other.location.byteOffset < one.location.byteOffset + one.byteLength
  );
}
