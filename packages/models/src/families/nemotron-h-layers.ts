import { type PatternKind, parsePattern } from '../config/layer-pattern.js';
import * as bounds from '../parse/bounds.js';
import type { ConfigReader } from '../parse/config-reader.js';

const maximum = bounds.layerCount.high;
const listKeys = ['layers_block_type', 'layer_types'] as const;

/** Block types of transformers 4 and of 5, which renamed them. */
const blockTypes: Readonly<Record<string, PatternKind>> = {
  mamba: 'mamba2',
  linear_attention: 'mamba2',
  attention: 'attention',
  full_attention: 'attention',
  mlp: 'mlp',
  moe: 'experts',
};

// Of `NemotronHConfig`, where neither key is there.
const defaultLayers: readonly PatternKind[] = ['mamba2', 'experts', 'attention', 'mlp'];

/**
 * The kind of each layer, from `hybrid_override_pattern` or `layers_block_type`. Where both are given they must agree.
 * @throws E_CONFIG
 */
export function readNemotronLayers(reader: ConfigReader): PatternKind[] {
  const pattern = reader.optional('hybrid_override_pattern', `1 to ${maximum} letters`, (value) =>
    typeof value === 'string' && value.length >= 1 && value.length <= maximum ? value : undefined,
  );
  const fromPattern = pattern === undefined ? undefined : parsePattern(pattern);
  const fromList = reader.optional(
    listKeys,
    `a list of 1 to ${maximum} of ${Object.keys(blockTypes).join(', ')}`,
    readBlockTypes,
  );
  if (fromPattern && fromList && fromPattern.join() !== fromList.join()) {
    throw reader.error('hybrid_override_pattern and layers_block_type name different layers. Keep one.', {
      keys: ['hybrid_override_pattern', 'layers_block_type'],
    });
  }
  // transformers counts the layers themselves, whatever `num_hidden_layers` says.
  reader.optionalInteger('num_hidden_layers', bounds.layerCount);
  return fromPattern ?? fromList ?? [...defaultLayers];
}

function readBlockTypes(value: unknown): PatternKind[] | undefined {
  if (!Array.isArray(value) || value.length < 1 || value.length > maximum) return undefined;
  const kinds = value.map((type) =>
    typeof type === 'string' && Object.hasOwn(blockTypes, type) ? blockTypes[type] : undefined,
  );
  return kinds.every((kind) => kind !== undefined) ? kinds : undefined;
}
