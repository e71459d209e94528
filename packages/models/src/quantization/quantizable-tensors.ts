import type { HybridConfig } from '../config/hybrid-config.js';
import type { Family } from '../families/family.js';
import { tensorNameMap } from '../families/tensor-name-map.js';

/** A tensor on disk that may be quantised, and where it is used. */
export interface QuantizableTensor {
  /** Whether the embedding or the head is in it: these want more bits than the others. */
  readonly isTable: boolean;
}

/**
 * The tensors of a checkpoint that may be quantised: matrices of linear maps, the embedding and the head, each
 * used in whole rows. Norms, convolutions, decay rates, biases, routers and stacked experts are none of them.
 */
export function quantizableTensors(
  family: Family,
  config: HybridConfig,
): ReadonlyMap<string, QuantizableTensor> {
  const found = new Map<string, QuantizableTensor>();
  for (const [name, specs] of tensorNameMap(family, config)) {
    const isWhole = specs.every((spec) => {
      // A router is small, and a wrong choice of experts costs more than a wrong weight.
      const isRouter = /\brouter\b/i.test(spec.name);
      const isMatrix = spec.shape.length === 2 && spec.precision === 'narrow' && !spec.fold && !isRouter;
      const runs = family
        .storedForms(spec, config)
        .flatMap((form) => form.filter((run) => run.tensor === name));
      const columns = spec.shape[1]!;
      return (
        isMatrix &&
        runs.every(
          (run) => run.shape[1] === columns && run.start % columns === 0 && run.count % columns === 0,
        )
      );
    });
    const isTable = specs.some((spec) => spec.name === 'embedding.weight' || spec.name === 'head.weight');
    if (isWhole) found.set(name, { isTable });
  }
  return found;
}
