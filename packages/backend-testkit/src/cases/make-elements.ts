import { elementCount, type HostArray, hostArray, isFloat } from '@hybra/spec';
import type { CaseInput, CaseValues } from '@hybra/tensor';
import { bfloat16Bits, float16Bits } from './half.js';
import { type RandomSource, randomSource } from './random-source.js';

/**
 * The elements of a case's input in row-major order, as the dtype's host type. The same seed gives the same
 * elements everywhere.
 */
export function makeElements({ dtype, shape, values }: CaseInput, seed: number): HostArray {
  const source = randomSource(seed);
  const elements = hostArray(dtype, elementCount(shape));
  for (let index = 0; index < elements.length; index++) {
    const value = element(values, index, source, isFloat(dtype));
    if (dtype === 'f16') elements[index] = float16Bits(value);
    else if (dtype === 'bf16') elements[index] = bfloat16Bits(value);
    else if (dtype === 'bool') elements[index] = value > 0 ? 1 : 0;
    else elements[index] = value;
  }
  return elements;
}

function element(values: CaseValues, index: number, source: RandomSource, isFractional: boolean): number {
  switch (values.kind) {
    case 'list':
      return values.values[index % values.values.length]!;
    case 'normal': {
      const value = (values.mean ?? 0) + source.normal() * (values.scale ?? 1);
      return isFractional ? value : Math.round(value);
    }
    case 'uniform': {
      const value = values.low + source.uniform() * (values.high - values.low);
      return isFractional ? value : Math.floor(value);
    }
  }
}
