import { isQuantizedWeight, type QuantizedWeight, type Tensor } from '@hybra/tensor';
import type { ParameterTree } from './parameters.js';

/** A matrix as a layer takes it: a tensor, or codes and scales in blocks. */
export type Weight = Tensor | QuantizedWeight;

/** The tensors of a weight by name: `name` itself, or `name.codes`, `name.scales` and perhaps `name.zeros`. */
export function weightParameters(name: string, weight: Weight): ParameterTree {
  if (!isQuantizedWeight(weight)) return { [name]: weight };
  const { codes, scales, zeros } = weight;
  return {
    [`${name}.codes`]: codes,
    [`${name}.scales`]: scales,
    ...(zeros && { [`${name}.zeros`]: zeros }),
  };
}
