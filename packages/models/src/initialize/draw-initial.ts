import { elementCount } from '@hybra/spec';
import type { Initial } from '../config/parameter-spec.js';

/**
 * Draws a parameter.
 * @param uniform numbers strictly between 0 and 1
 * @returns row-major elements
 */
export function drawInitial(initial: Initial, shape: readonly number[], uniform: () => number): Float32Array {
  const values = new Float32Array(elementCount(shape));
  const draw = drawer(initial, shape, uniform);
  for (let index = 0; index < values.length; index++) values[index] = draw(index);
  return values;
}

function drawer(
  initial: Initial,
  shape: readonly number[],
  uniform: () => number,
): (index: number) => number {
  switch (initial.kind) {
    case 'constant':
      return () => initial.value;
    case 'normal':
      return () => initial.deviation * boxMuller(uniform());
    case 'uniform':
      return () => initial.bound * (2 * uniform() - 1);
    case 'logOfIndex': {
      const width = shape.at(-1)!;
      return (index) => Math.log((index % width) + 1);
    }
    case 'logOfUniform':
      return () => Math.log(initial.low + (initial.high - initial.low) * uniform());
    case 'timeStep': {
      const [low, high] = [Math.log(initial.low), Math.log(initial.high)];
      return () => {
        const step = Math.max(initial.floor, Math.exp(low + (high - low) * uniform()));
        return step + Math.log(-Math.expm1(-step)); // softplus⁻¹
      };
    }
    case 'recurrence': {
      const [low, high] = [initial.low ** 2, initial.high ** 2];
      return () => {
        const rate = -0.5 * Math.log(low + (high - low) * uniform()); // −log a
        return Math.log(Math.expm1(rate)); // softplus⁻¹
      };
    }
  }

  function boxMuller(first: number): number {
    return Math.sqrt(-2 * Math.log(first)) * Math.cos(2 * Math.PI * uniform());
  }
}
