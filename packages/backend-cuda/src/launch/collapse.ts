/** An index space with the strides of several operands over it, in as few axes as possible. */
export interface Loops {
  /** Extents, at least one axis. A scalar is `[1]`. */
  readonly shape: readonly number[];
  /** `strides[operand][axis]`, in elements. */
  readonly strides: readonly (readonly number[])[];
}

/** Drops axes of extent 1 and merges neighbours that every operand walks in one stride. */
export function collapse(shape: readonly number[], operands: readonly (readonly number[])[]): Loops {
  const merged: { extent: number; strides: number[] }[] = [];
  for (const [axis, extent] of shape.entries()) {
    if (extent === 1) continue;
    const strides = operands.map((operand) => operand[axis]!);
    const last = merged.at(-1);
    if (last?.strides.every((stride, operand) => stride === strides[operand]! * extent)) {
      last.extent *= extent;
      last.strides = strides;
    } else {
      merged.push({ extent, strides });
    }
  }
  if (merged.length === 0) merged.push({ extent: 1, strides: operands.map(() => 1) });
  return {
    shape: merged.map((axis) => axis.extent),
    strides: operands.map((_, operand) => merged.map((axis) => axis.strides[operand]!)),
  };
}
