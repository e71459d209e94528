import type { Operand } from '../program.js';
import { type MemoryRange, overlap, type ProgramMemory } from './program-memory.js';

/** An operand of one of the calls to be fused. */
export interface FusedAccess {
  readonly at: number;
  readonly operand: Operand;
}

/** Calls that one launch would replace. It runs in the place of the last of them. */
export interface FusedCalls {
  readonly members: readonly number[];
  /** What the launch reads. */
  readonly reads: readonly FusedAccess[];
  /** What it writes, and which of its reads it may overwrite: element by element, by who has read it. */
  readonly writes: readonly (FusedAccess & { readonly over?: Operand | undefined })[];
  /** Outputs of members that are never written. */
  readonly dropped: readonly FusedAccess[];
}

/**
 * Whether a launch in the place of the last member sees and leaves the same memory: what it reads late was not
 * overwritten meanwhile, what it writes late was not needed meanwhile, and nobody else reads what it drops.
 */
export function canFuse(memory: ProgramMemory, { members, reads, writes, dropped }: FusedCalls): boolean {
  const last = Math.max(...members);
  const others = (from: number): number[] => {
    const between: number[] = [];
    for (let at = from + 1; at < last; at++) if (!members.includes(at)) between.push(at);
    return between;
  };
  const areReadsSafe = reads.every(({ at, operand }) => {
    const range = memory.rangeOf(operand);
    return others(at).every((other) => !touches(memory.accesses[other]!.writes, range));
  });
  const areWritesSafe = writes.every(({ at, operand, over }) => {
    const range = memory.rangeOf(operand);
    const isUndisturbed = others(at).every((other) => {
      const accesses = memory.accesses[other]!;
      return !touches(accesses.reads, range) && !touches(accesses.writes, range);
    });
    return (
      isUndisturbed &&
      reads.every((read) => {
        const source = memory.rangeOf(read.operand);
        return (
          !overlap(source, range) ||
          (over !== undefined && isSame(memory.rangeOf(over), range) && isSame(source, range))
        );
      })
    );
  });
  const ranges = writes.map(({ operand }) => memory.rangeOf(operand));
  const areApart = ranges.every((range, index) =>
    ranges.slice(index + 1).every((other) => !overlap(range, other)),
  );
  return (
    areReadsSafe &&
    areWritesSafe &&
    areApart &&
    dropped.every((access) => isUnneeded(memory, access, members))
  );
}

function touches(ranges: readonly MemoryRange[], range: MemoryRange): boolean {
  return ranges.some((each) => overlap(each, range));
}

function isSame(a: MemoryRange, b: MemoryRange): boolean {
  return a.space === b.space && a.start === b.start && a.end === b.end;
}

/** Whether only members read a value, until all of it is overwritten or the program ends. */
export function isUnneeded(
  memory: ProgramMemory,
  { at, operand }: FusedAccess,
  members: readonly number[],
): boolean {
  const range = memory.rangeOf(operand);
  let live: readonly MemoryRange[] = [range];
  for (let index = at + 1; index < memory.accesses.length; index++) {
    const { reads, writes } = memory.accesses[index]!;
    if (!members.includes(index) && live.some((each) => touches(reads, each))) return false;
    for (const write of writes) live = live.flatMap((each) => without(each, write));
    if (live.length === 0) return true;
  }
  return !memory.isKept(range);
}

/** What is left of a range besides another. */
function without(range: MemoryRange, other: MemoryRange): readonly MemoryRange[] {
  if (!overlap(range, other)) return [range];
  return [
    { ...range, end: Math.max(range.start, other.start) },
    { ...range, start: Math.min(range.end, other.end) },
  ].filter(({ start, end }) => start < end);
}
