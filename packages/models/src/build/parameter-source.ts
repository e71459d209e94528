import type { Tensor } from '@hybra/tensor';

/** Gives the tensor of a name. @throws E_FORMAT for a name that is not there */
export type ParameterSource = (name: string) => Tensor;

/** The source of names under `prefix`. */
export function subtree(source: ParameterSource, prefix: string): ParameterSource {
  return (name) => source(`${prefix}.${name}`);
}
