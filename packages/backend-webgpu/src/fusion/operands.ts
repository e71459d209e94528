import type { FusedAccess, Operand } from '@hybra/spec';

/** Collects the operands of a fused call: `place` adds one and says where it is. */
export class OperandList {
  readonly accesses: FusedAccess[] = [];

  /** @param at the call that reads it */
  place(at: number, operand: Operand): number {
    this.accesses.push({ at, operand });
    return this.accesses.length - 1;
  }

  get operands(): readonly Operand[] {
    return this.accesses.map(({ operand }) => operand);
  }
}

/** Whether an operand is this part of a contiguous value: from `offset` on, with these steps where it has extent. */
export function isPartOf(
  operand: Operand,
  whole: Operand,
  part: { readonly offset: number; readonly strides: readonly number[] },
): boolean {
  return (
    operand.buffer === whole.buffer &&
    operand.offset === whole.offset + part.offset &&
    operand.shape.every((extent, axis) => extent === 1 || operand.strides[axis] === part.strides[axis])
  );
}
