import { type Linear, linear } from '@hybra/layers';
import type { DType } from '@hybra/spec';
import { type ParameterSource, subtree } from './parameter-source.js';

/** What a layer is built from besides its configuration. */
export interface LayerSource {
  /** Tensors by folded name, relative to the layer. */
  readonly parameters: ParameterSource;
  /** Storage of states. */
  readonly stateDtype: DType;
}

/** The part of a source under `prefix`. */
export function partOf(source: LayerSource, prefix: string): LayerSource {
  return { ...source, parameters: subtree(source.parameters, prefix) };
}

/** A projection: `name.weight` and, where there is one, `name.bias`. */
export function projection(parameters: ParameterSource, name: string, hasBias: boolean): Linear {
  return linear(parameters.weight(`${name}.weight`), hasBias ? parameters(`${name}.bias`) : undefined);
}
