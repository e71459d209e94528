import type { HybridConfig } from '../config/hybrid-config.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import type { Family } from './family.js';

/** Parameters of a model by the names of the tensors that they may lie in: the way back of `storedForms`. */
export function tensorNameMap(
  family: Family,
  config: HybridConfig,
): ReadonlyMap<string, readonly ParameterSpec[]> {
  const map = new Map<string, ParameterSpec[]>();
  for (const spec of parameterSpecs(config)) {
    const names = new Set(family.storedForms(spec, config).flatMap((form) => form.map((run) => run.tensor)));
    for (const name of names) map.set(name, [...(map.get(name) ?? []), spec]);
  }
  return map;
}
