import type { HybridConfig } from '../../config/hybrid-config.js';
import type { LayerConfig } from '../../config/layer-configs.js';
import type { ParameterSpec } from '../../config/parameter-spec.js';
import { layerParameter } from '../../families/part-names.js';
import { type StoredForm, wholeTensor } from '../../families/stored-form.js';
import { type PartForm, same } from './part-form.js';

/** A part of a layer, its tensor in a block, and how it lies there; by default as it is. */
export type PartRow = readonly [part: string, tensor: string, form?: PartForm];

/** The parts of each kind of layer that an architecture has. Of two rows for one part the first is written. */
export type LayerRows = Readonly<Partial<Record<LayerConfig['kind'], readonly PartRow[]>>>;

/** Where the parameters of an architecture lie. */
export interface GgufLayout {
  /** Whether a block is a mixer and an MLP, two of our layers, or one layer. */
  readonly layersPerBlock: 1 | 2;
  /** Default is `output_norm.weight`. */
  readonly finalNorm?: string;
  /** The norm before each layer of a block. */
  readonly norms: readonly string[];
  readonly layers: LayerRows;
}

/**
 * The ways in which a parameter may lie in a GGUF file; the first is the one to write, none says that it has no place.
 * The values are folded ones: −e^A for A, w + 1 for a centred w.
 */
export function ggufForms(
  layout: GgufLayout,
  spec: ParameterSpec,
  config: HybridConfig,
): readonly StoredForm[] {
  const whole = (tensor: string): readonly StoredForm[] => [wholeTensor(tensor, spec.shape)];
  const name = spec.name.replace(/centredWeight$/, 'weight');
  if (name === 'embedding.weight') return whole('token_embd.weight');
  if (name === 'head.weight') return whole('output.weight');
  if (name === 'finalNorm.weight') return whole(layout.finalNorm ?? 'output_norm.weight');
  const found = layerParameter(name);
  if (!found) return [];
  const block = `blk.${Math.floor(found.layer / layout.layersPerBlock)}`;
  if (found.isNorm) {
    const norm = layout.norms[found.layer % layout.layersPerBlock];
    return found.part === 'weight' ? whole(`${block}.${norm}`) : [];
  }
  const { layer, part } = branchOf(config.layers[found.layer]!, found.part);
  return (layout.layers[layer.kind] ?? [])
    .filter(([rowPart]) => rowPart === part)
    .map(([, tensor, form = same]) => form(`${block}.${tensor}`, spec, { layer, config }));
}

/** The layer that a part belongs to, which is a branch where layers are side by side. */
function branchOf(layer: LayerConfig, part: string): { layer: LayerConfig; part: string } {
  if (layer.kind !== 'parallel') return { layer, part };
  const [kind, ...rest] = part.split('.');
  const branch = layer.branches.find((candidate) => candidate.layer.kind === kind);
  return { layer: branch?.layer ?? layer, part: rest.join('.') };
}
