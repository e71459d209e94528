import type { HybridConfig } from '../config/hybrid-config.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import type { Family } from './family.js';

/** Parameters of a model by the name their tensor has on disk: the way back of `tensorNames`. */
export function tensorNameMap(family: Family, config: HybridConfig): ReadonlyMap<string, ParameterSpec> {
  const map = new Map<string, ParameterSpec>();
  for (const spec of parameterSpecs(config)) {
    for (const name of family.tensorNames(spec.name)) map.set(name, spec);
  }
  return map;
}

/** The shape of a parameter's tensor on disk: depthwise convolutions have PyTorch's middle axis of 1. */
export function tensorShape(spec: ParameterSpec): readonly number[] {
  const [channels, taps] = spec.shape;
  return spec.name.endsWith('.convolution.weight') ? [channels!, 1, taps!] : spec.shape;
}
