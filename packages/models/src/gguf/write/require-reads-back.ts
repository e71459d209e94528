import type { GgufField, GgufToWrite, GgufValue } from '@hybra/weights';
import type { HybridConfig } from '../../config/hybrid-config.js';
import type { LayerConfig } from '../../config/layer-configs.js';
import { requireSameModel } from '../../export/same-model.js';
import { familyOf } from '../../families/families.js';
import { ropeDivisorsName, ropeDivisorsOf, withRopeDivisors } from '../fields/rope-fields.js';
import type { GgufArchitecture } from '../gguf-architecture.js';
import { GgufMetadata } from '../gguf-metadata.js';

/** Numbers are float32 in the metadata, some of them computed with. */
const tolerance = 1e-6;

/**
 * Refuses to write what would be read as another model.
 * @throws E_CONFIG that names the first part to differ
 */
export function requireReadsBack(
  file: GgufToWrite,
  model: { readonly config: HybridConfig; readonly architecture: GgufArchitecture },
): void {
  const { config, architecture } = model;
  const values = new Map(Object.entries(file.metadata).map(([key, field]) => [key, storedValue(field)]));
  const tensors = new Set(file.tensors.map(({ name }) => name));
  const json = architecture.readConfig(new GgufMetadata(values, 'GGUF'), {
    has: (name) => tensors.has(name),
    vocabularySize: config.vocabularySize,
    ropeDivisors: tensors.has(ropeDivisorsName) ? ropeDivisorsOf(config) : undefined,
  });
  const written = withRopeDivisors(architecture.withoutFactors?.(config) ?? config);
  const read = familyOf(json).parseConfig(json);
  requireSameModel('GGUF', { from: withoutChunks(written), to: withoutChunks(read) }, tolerance);
}

function storedValue(field: GgufField): GgufValue {
  if (field.type === 'array') return field.of === 'f32' ? field.value.map(rounded) : field.value;
  return field.type === 'f32' ? rounded(field.value) : field.value;
}

function rounded(value: GgufValue): GgufValue {
  return typeof value === 'number' ? Math.fround(value) : value;
}

/** How many steps are computed at a time is no part of the model, and GGUF has no key for it. */
function withoutChunks(config: HybridConfig): HybridConfig {
  return { ...config, layers: config.layers.map(withoutChunk) };
}

function withoutChunk<Layer extends LayerConfig>(layer: Layer): Layer {
  if (layer.kind === 'mamba2') return { ...layer, chunkSize: 1 };
  if (layer.kind !== 'parallel') return layer;
  const branches = layer.branches.map((branch) => ({ ...branch, layer: withoutChunk(branch.layer) }));
  return { ...layer, branches };
}
