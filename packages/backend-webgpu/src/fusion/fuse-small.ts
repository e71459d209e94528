import {
  byteSize,
  type CallAccesses,
  isUnneeded,
  type Operand,
  overlap,
  type Program,
  type ProgramCall,
  ProgramMemory,
} from '@hybra/spec';
import type { DeviceFacts, Dispatch, DispatchOperand } from '../kernel.js';
import { numberType } from '../wgsl/element.js';
import { fusedCall } from './fusion.js';
import { isBindable } from './is-bindable.js';
import type { PlannedCall } from './plan-program.js';
import { type Stage, smallSize, stageCode, storeCode } from './small-code.js';

/** Elements of an output: what programs keep per sequence. */
const mostElements = 64;
/** Groups of a program: each is a shader of its own. Decoding has a handful; a training step has dozens. */
const mostGroups = 8;
/** Words of workgroup memory for all values of a group. */
const mostWords = 3072;

/**
 * Puts neighbouring calls of a few elements into one dispatch each: those that keep positions, counts and masks.
 * They move up to the ones before them where nothing between minds.
 */
export function fuseSmall(
  program: Program,
  planned: readonly PlannedCall[],
  facts: DeviceFacts,
): readonly PlannedCall[] {
  const ordered = gathered(program, planned);
  const memory = memoryOf(program, ordered);
  const result: PlannedCall[] = [];
  const groups = ordered.filter((call, at) => isSmall(call) && (at === 0 || !isSmall(ordered[at - 1]!)));
  if (groups.length > mostGroups) return planned;
  for (let at = 0; at < ordered.length; ) {
    let end = at;
    while (end < ordered.length && isSmall(ordered[end]!)) end += 1;
    let fused: PlannedCall | undefined;
    while (end - at > 1 && !fused) {
      fused = fuseRun(memory, facts, ordered, at, end);
      if (!fused) end -= 1;
    }
    result.push(fused ?? ordered[at]!);
    at = fused ? end : at + 1;
  }
  return result;
}

function isSmall({ dispatches, call }: PlannedCall): boolean {
  const [only] = dispatches;
  return (
    dispatches.length === 1 &&
    only!.map !== undefined &&
    only!.map.output.count > 0 &&
    only!.map.output.count <= mostElements &&
    call.outputs.length === 1 &&
    call.scratch === undefined
  );
}

function memoryOf(program: Program, planned: readonly PlannedCall[]): ProgramMemory {
  return new ProgramMemory({ ...program, calls: planned.map(({ call }) => call) });
}

/** The calls in an order in which small ones follow one another. */
function gathered(program: Program, planned: readonly PlannedCall[]): readonly PlannedCall[] {
  const ordered = [...planned];
  const accesses = [...memoryOf(program, planned).accesses];
  let last = -1;
  for (let at = 0; at < ordered.length; at++) {
    if (!isSmall(ordered[at]!)) continue;
    const between = accesses.slice(last + 1, at);
    if (last >= 0 && at > last + 1 && between.every((other) => areIndependent(other, accesses[at]!))) {
      last += 1;
      ordered.splice(last, 0, ...ordered.splice(at, 1));
      accesses.splice(last, 0, ...accesses.splice(at, 1));
    } else last = at;
  }
  return ordered;
}

function areIndependent(a: CallAccesses, b: CallAccesses): boolean {
  const touch = (one: CallAccesses['reads'], other: CallAccesses['reads']): boolean =>
    one.some((range) => other.some((each) => overlap(range, each)));
  return !touch(a.writes, b.reads) && !touch(a.reads, b.writes) && !touch(a.writes, b.writes);
}

function fuseRun(
  memory: ProgramMemory,
  facts: DeviceFacts,
  planned: readonly PlannedCall[],
  from: number,
  end: number,
): PlannedCall | undefined {
  const members = Array.from({ length: end - from }, (_, i) => from + i);
  const outputOf = (at: number): Operand => planned[at]!.call.outputs[0]!;
  const stages: Stage[] = [];
  for (const at of members) {
    const { call, dispatches } = planned[at]!;
    const plan = dispatches[0]!.map!;
    const sources: { operand: Operand; stage: number | undefined }[] = [];
    for (const { place } of plan.operands) {
      if (place.kind !== 'input') return undefined;
      const operand = call.inputs[place.index]!;
      const range = memory.rangeOf(operand);
      const maker = members.findLast(
        (other) => other < at && overlap(memory.rangeOf(outputOf(other)), range),
      );
      if (
        maker !== undefined &&
        (outputOf(maker).buffer !== operand.buffer || outputOf(maker).dtype !== operand.dtype)
      ) {
        return undefined;
      }
      sources.push({ operand, stage: maker === undefined ? undefined : maker - from });
    }
    stages.push({ plan, sources });
  }
  const words = stages.reduce((sum, { plan }) => sum + Math.max(plan.output.count, 16), 0);
  if (words > mostWords) return undefined;

  const codes = stages.map(stageCode);
  const inputs: Operand[] = [];
  const operands: DispatchOperand[] = [];
  const functions: string[] = [];
  const statements: string[] = [];
  const parameters: Dispatch['parameters'][number][] = [];
  for (const [stage, code] of codes.entries()) {
    if (!code) return undefined;
    functions.push(code.functions);
    statements.push(code.statements);
    parameters.push(...code.parameters);
    for (const { source, ...operand } of code.operands) {
      operands.push({ ...operand, place: { kind: 'input', index: inputs.length } });
      inputs.push(stages[stage]!.sources[source]!.operand);
    }
  }
  const outputs: Operand[] = [];
  for (const at of members) {
    const output = outputOf(at);
    const isOverwritten = members.some(
      (other) => other > at && overlap(memory.rangeOf(outputOf(other)), memory.rangeOf(output)),
    );
    const isDropped = isUnneeded(memory, { at, operand: output }, members);
    // A later member's value in a part of this one's place: too intricate to be worth it.
    if (isOverwritten && !isDropped && !isWhollyOverwritten(memory, members, at, outputOf)) return undefined;
    if (isDropped || isOverwritten) continue;
    const name = `out_${at - from}`;
    const { dtype } = output;
    operands.push({
      name,
      place: { kind: 'output', index: outputs.length },
      view: byteSize(dtype) === 4 ? (numberType(dtype) as 'f32' | 'i32' | 'u32') : 'u32',
      isWritten: true,
    });
    outputs.push(output);
    statements.push(storeCode(stages[at - from]!.plan.output, at - from, name));
  }
  const call: ProgramCall = fusedCall('small-calls', inputs, outputs);
  const dispatch: Dispatch = {
    operands,
    parameters,
    code: `${functions.join('\n')}
@compute @workgroup_size(${smallSize})
fn main(@builtin(local_invocation_index) l: u32) {
  ${statements.join('\n  ')}
}`,
    workgroups: [1, 1, 1],
  };
  if (!isBindable(memory.program, facts, call, [dispatch])) return undefined;
  return { index: planned[end - 1]!.index, call, label: call.kernel, dispatches: [dispatch] };
}

function isWhollyOverwritten(
  memory: ProgramMemory,
  members: readonly number[],
  at: number,
  outputOf: (at: number) => Operand,
): boolean {
  const range = memory.rangeOf(outputOf(at));
  return members.some((other) => {
    const later = memory.rangeOf(outputOf(other));
    return other > at && overlap(later, range) && later.start <= range.start && later.end >= range.end;
  });
}
