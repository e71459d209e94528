import { elementCount, isFloat } from '@hybra/spec';
import { type CaseInput, type CaseValues, literal, slice, type Tensor, transpose } from '../src/index.js';

/** The inputs of a case as constants, each a window as the case lays it out. The same seed, the same elements. */
export function caseTensors(inputs: readonly CaseInput[], seed: number): Tensor[] {
  return inputs.map((input, index) => caseTensor(input, randomSource(seed + 7919 * index)));
}

function caseTensor({ dtype, shape, values, layout }: CaseInput, uniform: () => number): Tensor {
  const make = (extents: readonly number[]): Tensor => {
    const elements = Array.from({ length: elementCount(extents) }, (_, index) => {
      const value = elementOf(values, index, uniform);
      return isFloat(dtype) || values.kind === 'list' ? value : Math.floor(value);
    });
    return literal(elements, extents, dtype);
  };
  const rank = shape.length;
  if (rank === 0 || layout === undefined || layout === 'contiguous') return make(shape);
  if (layout === 'transposed' && rank >= 2) {
    return transpose(make([...shape.slice(0, -2), shape[rank - 1]!, shape[rank - 2]!]));
  }
  if (layout === 'strided') {
    const wider = make([...shape.slice(0, -1), 2 * shape[rank - 1]!]);
    return slice(wider, -1, 0, undefined, 2);
  }
  return slice(make([shape[0]! + 1, ...shape.slice(1)]), 0, 1);
}

function elementOf(values: CaseValues, index: number, uniform: () => number): number {
  switch (values.kind) {
    case 'list':
      return values.values[index % values.values.length]!;
    case 'uniform':
      return values.low + uniform() * (values.high - values.low);
    case 'normal': {
      // Box & Muller 1958
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      return (values.mean ?? 0) + (values.scale ?? 1) * radius * Math.cos(2 * Math.PI * uniform());
    }
  }
}

/** Uniform numbers in [0, 1): mulberry32. */
function randomSource(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
