import { byteLengthOf, elementCount, type Operand } from '@hybra/spec';
import { elementGrid, elementThreads } from './grid.js';
import { carryOver, i64, type Launch, pointer, u32 } from './launch.js';

/** The launches that make a float32 output hold what arrives there, or zeros, before parts of it are replaced. */
export function carriedOrZeros(input: Operand | undefined, output: Operand): readonly Launch[] {
  if (input) return carryOver(input, output, byteLengthOf(input));
  const count = elementCount(output.shape);
  return [
    {
      kind: 'kernel',
      module: 'move',
      entry: 'fill_4',
      grid: elementGrid(count),
      block: elementThreads,
      parameters: [pointer(output), i64(0), u32(count)],
    },
  ];
}
