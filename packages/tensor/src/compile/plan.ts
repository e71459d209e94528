import {
  contiguousStrides,
  type Operand,
  type Program,
  type ProgramBuffer,
  type ProgramCall,
  specVersion,
} from '@hybra/spec';
import { assignBuffers } from './assign-buffers.js';
import type { LoweredCall, LoweredOperand, LoweredValue } from './lowered.js';
import { type ArenaRequest, placeArena } from './place-arena.js';
import { type PlanRequest, VirtualBuffer } from './virtual-buffers.js';

/** A program with what the planner knows about it. */
export interface Plan {
  readonly program: Program;
  /** Bytes of all arena segments: the peak of intermediates. */
  readonly arenaBytes: number;
  /** The most bytes of intermediates that live at one time: no arena for these calls in this order is smaller. */
  readonly minimumBytes: number;
  /** Bytes that the intermediates would take without sharing. */
  readonly unsharedBytes: number;
  readonly inPlaceCount: number;
  /** For each call of the program, the ops whose decompositions led to it. */
  readonly via: readonly (readonly string[])[];
}

/** Settles all memory of a stage: which buffers share, where each lies, how large the arena is. */
export function plan(request: PlanRequest): Plan {
  const { calls, bufferOf, bindingBuffers, inPlaceCount } = assignBuffers(request);
  const scratchOf = new Map<LoweredCall, VirtualBuffer>();
  const requests: ArenaRequest[] = [];
  for (const buffer of new Set(bufferOf.values())) {
    if (buffer.binding === undefined) requests.push(requestOf(buffer));
  }
  for (const [index, call] of calls.entries()) {
    if (!call.traits.scratchBytes) continue;
    const scratch = new VirtualBuffer(call.traits.scratchBytes);
    scratch.use(index);
    scratchOf.set(call, scratch);
    requests.push(requestOf(scratch));
  }
  const conflicts =
    request.capabilities.aliasesSegments === false ? conflictsOf(calls, bufferOf, scratchOf) : new Map();
  const arena = placeArena(requests, request.capabilities, conflicts);

  const buffers: ProgramBuffer[] = [];
  const indexOf = new Map<VirtualBuffer, number>();
  const locate = (buffer: VirtualBuffer): number => {
    let index = indexOf.get(buffer);
    if (index === undefined) {
      index = buffers.length;
      indexOf.set(buffer, index);
      const location =
        buffer.binding === undefined
          ? { kind: 'arena' as const, ...arena.places.get(buffer)! }
          : { kind: 'binding' as const, index: buffer.binding };
      buffers.push({ location, byteLength: buffer.byteLength });
    }
    return index;
  };
  for (const buffer of bindingBuffers) locate(buffer);
  const input = ({ value, dtype, shape, strides, offset }: LoweredOperand): Operand => ({
    dtype,
    shape,
    strides,
    offset,
    buffer: locate(bufferOf.get(value)!),
  });
  const output = (value: LoweredValue): Operand => ({
    ...wholeOperand(value),
    buffer: locate(bufferOf.get(value)!),
  });
  const planned = calls.map((call): ProgramCall => {
    const scratch = scratchOf.get(call);
    return {
      op: call.op,
      kernel: call.traits.kernel,
      attributes: call.attributes,
      inputs: call.inputs.map(input),
      outputs: call.outputs.map(output),
      ...(scratch && { scratch: { buffer: locate(scratch), byteLength: scratch.byteLength } }),
    };
  });
  return {
    program: {
      specVersion,
      label: request.label,
      bindings: request.bindings.map(({ name, role, byteLength }) => ({ name, role, byteLength })),
      segments: arena.segments,
      buffers,
      calls: planned,
    },
    arenaBytes: arena.segments.reduce((sum, bytes) => sum + bytes, 0),
    minimumBytes: mostAlive(requests),
    unsharedBytes: requests.reduce((sum, { byteLength }) => sum + byteLength, 0),
    inPlaceCount,
    via: calls.map((call) => call.via),
  };
}

function wholeOperand({ dtype, shape }: LoweredValue): Omit<Operand, 'buffer'> {
  return { dtype, shape, strides: contiguousStrides(shape), offset: 0 };
}

/** The largest sum of requests that are alive at one call. */
function mostAlive(requests: readonly ArenaRequest[]): number {
  const changes = requests
    .flatMap(({ byteLength, firstUse, lastUse }) => [
      { at: firstUse, bytes: byteLength },
      { at: lastUse + 1, bytes: -byteLength },
    ])
    .sort((a, b) => a.at - b.at || a.bytes - b.bytes);
  let alive = 0;
  let most = 0;
  for (const { bytes } of changes) {
    alive += bytes;
    most = Math.max(most, alive);
  }
  return most;
}

function requestOf(buffer: VirtualBuffer): ArenaRequest {
  return { byteLength: buffer.byteLength, firstUse: buffer.firstUse, lastUse: buffer.lastUse, buffer };
}

/** What a call reads may not share a segment with what it writes, unless it is the very same buffer. */
function conflictsOf(
  calls: readonly LoweredCall[],
  bufferOf: ReadonlyMap<LoweredValue, VirtualBuffer>,
  scratchOf: ReadonlyMap<LoweredCall, VirtualBuffer>,
): Map<VirtualBuffer, Set<VirtualBuffer>> {
  const conflicts = new Map<VirtualBuffer, Set<VirtualBuffer>>();
  const add = (a: VirtualBuffer, b: VirtualBuffer): void => {
    if (a === b) return;
    conflicts.set(a, (conflicts.get(a) ?? new Set()).add(b));
    conflicts.set(b, (conflicts.get(b) ?? new Set()).add(a));
  };
  for (const call of calls) {
    const written = call.outputs.map((value) => bufferOf.get(value)!);
    const scratch = scratchOf.get(call);
    if (scratch) written.push(scratch);
    for (const { value } of call.inputs) for (const buffer of written) add(bufferOf.get(value)!, buffer);
  }
  return conflicts;
}
