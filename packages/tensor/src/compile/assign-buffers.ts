import { byteLengthOf } from '@hybra/spec';
import type { LoweredCall, LoweredValue } from './lowered.js';
import { isWholeOperand, type PlannedBinding, type PlanRequest, VirtualBuffer } from './virtual-buffers.js';

/** Which memory each value lies in, and the calls with the closing copies that could not be avoided. */
export interface Assignment {
  readonly calls: readonly LoweredCall[];
  readonly bufferOf: ReadonlyMap<LoweredValue, VirtualBuffer>;
  readonly bindingBuffers: readonly VirtualBuffer[];
  /** Outputs that took over an input's memory. */
  readonly inPlaceCount: number;
}

/**
 * Gives every value a buffer. An output takes over an input's buffer where its kernel allows it and nobody
 * reads the old value afterwards: this is also how a donated state is updated in place. Then the values that
 * must end in a binding are computed there directly where possible, else copied at the end.
 */
export function assignBuffers(request: PlanRequest): Assignment {
  const { bindings } = request;
  const bufferOf = new Map<LoweredValue, VirtualBuffer>();
  const bindingBuffers = bindings.map((binding, index) => {
    const buffer = new VirtualBuffer(binding.byteLength, index);
    if (binding.holds) bufferOf.set(binding.holds, buffer);
    return buffer;
  });
  const lastRead = lastReads(request);
  const lineages = bindings.map((binding) => lineageOf(binding, request.calls));

  let inPlaceCount = 0;
  for (const [index, call] of request.calls.entries()) {
    for (const input of call.inputs) bufferOf.get(input.value)!.use(index);
    for (const [position, output] of call.outputs.entries()) {
      const taken = inPlaceTarget(call, position, index);
      if (taken) inPlaceCount += 1;
      const buffer = taken ?? new VirtualBuffer(byteLengthOf(output));
      buffer.use(index);
      bufferOf.set(output, buffer);
    }
  }

  function inPlaceTarget(call: LoweredCall, position: number, index: number): VirtualBuffer | undefined {
    const output = call.outputs[position]!;
    for (const [from, to] of call.traits.inPlace ?? []) {
      const input = call.inputs[to];
      if (from !== position || !input || !isWholeOperand(input)) continue;
      const buffer = bufferOf.get(input.value)!;
      const binding = buffer.binding === undefined ? undefined : bindings[buffer.binding]!;
      // A state that this stage does not replace is still wanted, by a later stage or by the caller as it is;
      // and what does not lead to its new value would only have to be copied out of the way.
      const isExpendable =
        binding === undefined || (binding.role === 'state' && lineages[buffer.binding!]!.has(output));
      const isFree =
        isExpendable &&
        lastRead.get(input.value) === index &&
        call.inputs.filter((other) => bufferOf.get(other.value) === buffer).length === 1 &&
        call.outputs.every((other) => bufferOf.get(other) !== buffer) &&
        byteLengthOf(output) === byteLengthOf(input.value);
      if (isFree) return buffer;
    }
    return undefined;
  }

  const closing = closingCopies(request, bufferOf, bindingBuffers);
  const calls = [...request.calls, ...closing];
  for (const [offset, call] of closing.entries()) {
    const index = request.calls.length + offset;
    for (const operand of call.inputs) bufferOf.get(operand.value)!.use(index);
    for (const output of call.outputs) bufferOf.get(output)!.use(index);
  }
  return { calls, bufferOf, bindingBuffers, inPlaceCount };
}

/** The new value of a binding, and the values from which it can grow in one place. */
function lineageOf({ role, receives }: PlannedBinding, calls: readonly LoweredCall[]): Set<LoweredValue> {
  const lineage = new Set<LoweredValue>();
  if (role !== 'state' || !receives) return lineage;
  lineage.add(receives);
  for (let index = calls.length - 1; index >= 0; index--) {
    const { inputs, outputs, traits } = calls[index]!;
    for (const [output, input] of traits.inPlace ?? []) {
      const operand = inputs[input];
      if (operand && isWholeOperand(operand) && lineage.has(outputs[output]!)) lineage.add(operand.value);
    }
  }
  return lineage;
}

/** Index of the last call that reads each value; after the end for values that must survive. */
function lastReads({ calls, bindings }: PlanRequest): Map<LoweredValue, number> {
  const last = new Map<LoweredValue, number>();
  for (const [index, call] of calls.entries()) {
    for (const input of call.inputs) last.set(input.value, index);
  }
  for (const { receives } of bindings) {
    if (receives) last.set(receives, Number.POSITIVE_INFINITY);
  }
  return last;
}

/**
 * Moves whole buffers into the bindings that receive their values, or says which copies must end the run:
 * first those into outputs (which may read an old state), then those that rescue a value from a state's
 * binding that is about to be overwritten, then those into states.
 */
function closingCopies(
  { bindings, copyCall }: PlanRequest,
  bufferOf: Map<LoweredValue, VirtualBuffer>,
  bindingBuffers: readonly VirtualBuffer[],
): LoweredCall[] {
  const toOutputs: LoweredCall[] = [];
  const rescues: LoweredCall[] = [];
  const toStates: LoweredCall[] = [];
  const received = new Set(bindings.flatMap(({ receives }) => (receives ? [bufferOf.get(receives)!] : [])));
  for (const [index, binding] of bindings.entries()) {
    if (!binding.receives) continue;
    const target = bindingBuffers[index]!;
    const buffer = bufferOf.get(binding.receives)!;
    if (buffer === target) continue;
    // A state's binding is free once nobody reads or rewrites the old state, also not as another's result.
    const isTargetFree = target.lastUse < buffer.firstUse && !received.has(target);
    if (buffer.binding === undefined && buffer.byteLength === target.byteLength && isTargetFree) {
      for (const [value, other] of bufferOf) if (other === buffer) bufferOf.set(value, target);
      received.delete(buffer);
      received.add(target);
      if (buffer.firstUse !== Number.POSITIVE_INFINITY) {
        target.use(buffer.firstUse);
        target.use(buffer.lastUse);
      }
      continue;
    }
    const sourceRole = buffer.binding === undefined ? 'arena' : bindings[buffer.binding]!.role;
    let source = binding.receives;
    if (binding.role === 'state' && sourceRole === 'state') {
      const rescued: LoweredValue = { ...source, origin: { kind: 'call' } };
      bufferOf.set(rescued, new VirtualBuffer(byteLengthOf(rescued)));
      rescues.push(copyCall(source, rescued));
      source = rescued;
    }
    const landed: LoweredValue = { ...source, origin: { kind: 'call' } };
    bufferOf.set(landed, target);
    (binding.role === 'state' ? toStates : toOutputs).push(copyCall(source, landed));
  }
  return [...toOutputs, ...rescues, ...toStates];
}
