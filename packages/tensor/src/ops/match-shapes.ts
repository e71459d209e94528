import { formatType, HybraError, type TensorType } from '@hybra/spec';

/**
 * An argument, its type, and its shape in letters: `['x', type, 'B T H P']`. An extent may also be a number
 * (`7`) or one less than an earlier letter (`K-1`).
 */
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
      const known = extents[letter] ?? fixedExtent(letter, extents);
      if (known === undefined) {
        extents[letter] = extent;
        sources[letter] = argument;
      } else if (known !== extent) {
        const source = sources[letter] ?? sources[letter.charAt(0)];
        throw new HybraError(
          'E_SHAPE',
          `${op}: ${argument} is ${formatType(type)}, expected ${expected} with ${letter} = ${known}${source === undefined ? '' : ` as in ${source}`}.`,
          { op, argument, shape: type.shape, expected, axis, letter, extent: known, source },
        );
      }
    }
  }
  return extents;
}

function fixedExtent(letter: string, extents: Readonly<Record<string, number>>): number | undefined {
  if (/^\d+$/.test(letter)) return Number(letter);
  return letter.endsWith('-1') ? extents[letter.slice(0, -2)]! - 1 : undefined;
}
