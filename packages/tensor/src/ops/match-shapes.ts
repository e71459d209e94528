import { formatType, HybraError, type TensorType } from '@hybra/spec';

/** An argument, its type, and its shape in letters: `['x', type, 'B T H P']`. */
export type ShapePattern = readonly [argument: string, type: TensorType, letters: string];

/**
 * Matches arguments against shapes in letters. The first argument with a letter fixes its extent, the others
 * must agree.
 * @returns the extent of each letter
 * @throws E_SHAPE naming the argument, the letter and where its extent came from
 * @example
 * const { B, T } = matchShapes('rope', [['x', x, 'B T H D'], ['positions', positions, 'B T']]);
 */
export function matchShapes(op: string, patterns: readonly ShapePattern[]): Readonly<Record<string, number>> {
  const extents: Record<string, number> = {};
  const sources: Record<string, string> = {};
  for (const [argument, type, pattern] of patterns) {
    const letters = pattern.split(' ');
    const expected = `[${letters.join(', ')}]`;
    if (letters.length !== type.shape.length) {
      throw new HybraError(
        'E_SHAPE',
        `${op}: ${argument} is ${formatType(type)}, expected ${letters.length} axes ${expected}.`,
        { op, argument, shape: type.shape, expected },
      );
    }
    for (const [axis, letter] of letters.entries()) {
      const extent = type.shape[axis]!;
      const known = extents[letter];
      if (known === undefined) {
        extents[letter] = extent;
        sources[letter] = argument;
      } else if (known !== extent) {
        throw new HybraError(
          'E_SHAPE',
          `${op}: ${argument} is ${formatType(type)}, expected ${expected} with ${letter} = ${known} as in ${sources[letter]}.`,
          { op, argument, shape: type.shape, expected, axis, letter, extent: known, source: sources[letter] },
        );
      }
    }
  }
  return extents;
}
