import { type Operand, overlap, type ProgramMemory } from '@hybra/spec';

/**
 * Whether a call may do in its own place what a call `at` after it does: what that one reads is there already, and
 * nobody needs what lies where it writes meanwhile. The first output of call `index` is not written then.
 */
export function runsEarly(
  memory: ProgramMemory,
  index: number,
  at: number,
  {
    read,
    written,
    members,
  }: { readonly read: Operand; readonly written: Operand; readonly members: readonly number[] },
): boolean {
  const { calls } = memory.program;
  const [from, to] = [memory.rangeOf(read), memory.rangeOf(written)];
  const dropped = memory.rangeOf(calls[index]!.outputs[0]!);
  for (let other = index + 1; other < at; other++) {
    if (members.includes(other)) continue;
    const { reads, writes } = memory.accesses[other]!;
    if (writes.some((range) => overlap(range, from))) return false;
    if ([...reads, ...writes].some((range) => overlap(range, to))) return false;
  }
  return memory.accesses[index]!.writes.every(
    (range) => (range.start === dropped.start && range.space === dropped.space) || !overlap(range, to),
  );
}
