import type { Tensor } from '@hybra/tensor';

/** Parameters of a layer by dotted name, such as `inProjection.weight`. */
export type ParameterTree = Readonly<Record<string, Tensor>>;

/**
 * Joins the parameters of parts into one record, each name prefixed by its part's and a dot.
 * @example nestParameters({ up: up.parameters() }) // { 'up.weight': … }
 */
export function nestParameters(parts: Readonly<Record<string, ParameterTree>>): ParameterTree {
  const nested: Record<string, Tensor> = {};
  for (const [part, parameters] of Object.entries(parts)) {
    for (const [name, tensor] of Object.entries(parameters)) nested[`${part}.${name}`] = tensor;
  }
  return Object.freeze(nested);
}

/** A record without the entries that are undefined. */
export function presentParameters(parameters: Readonly<Record<string, Tensor | undefined>>): ParameterTree {
  const present: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(parameters)) if (tensor !== undefined) present[name] = tensor;
  return Object.freeze(present);
}
