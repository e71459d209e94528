import type { Weight } from '@hybra/layers';
import { dequantize, isQuantizedWeight, type Tensor } from '@hybra/tensor';

/** Gives the parameters of a model by name. */
export interface ParameterSource {
  /** The tensor of a name; what a quantised matrix stands for. @throws E_FORMAT for a name that is not there */
  (name: string): Tensor;
  /** The matrix of a name, quantised where it is stored so. @throws E_FORMAT for a name that is not there */
  readonly weight: (name: string) => Weight;
}

/** A source of what a function gives. */
export function parameterSource(weight: (name: string) => Weight): ParameterSource {
  const tensor = (name: string): Tensor => {
    const found = weight(name);
    return isQuantizedWeight(found) ? dequantize(found) : found;
  };
  return Object.assign(tensor, { weight });
}

/** The source of names under `prefix`. */
export function subtree(source: ParameterSource, prefix: string): ParameterSource {
  return parameterSource((name) => source.weight(`${prefix}.${name}`));
}
