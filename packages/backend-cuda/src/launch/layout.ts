import { collapse } from './collapse.js';
import { type Parameter, u32 } from './launch.js';

/** Most axes that kernels can walk after collapsing: `maxRank` of native/layout.cuh. */
export const maxRank = 8;

/** Whether kernels can walk these operands over this shape: few enough axes, small enough numbers. */
export function isWalkable(shape: readonly number[], operands: readonly (readonly number[])[]): boolean {
  const loops = collapse(shape, operands);
  const count = shape.reduce((product, extent) => product * extent, 1);
  const limit = 2 ** 31;
  return (
    loops.shape.length <= maxRank &&
    count < limit &&
    loops.strides.every((strides) => strides.every((stride) => stride < limit))
  );
}

/** The struct `Layout` of native/layout.cuh. */
export function layout(
  shape: readonly number[],
  operands: readonly (readonly number[])[],
): readonly Parameter[] {
  const loops = collapse(shape, operands);
  const padded = (values: readonly number[]): Parameter[] =>
    Array.from({ length: maxRank }, (_, axis) => u32(values[axis] ?? 0));
  return [
    u32(shape.reduce((product, extent) => product * extent, 1)),
    u32(loops.shape.length),
    ...padded(loops.shape),
    ...loops.strides.flatMap(padded),
  ];
}
