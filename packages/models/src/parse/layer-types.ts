import type { ConfigReader } from './config-reader.js';

/** Words of transformers 4 and of 5, which renamed them, for layers that most hybrids have. */
export const mixerTypes = {
  mamba: 'mamba',
  linear_attention: 'mamba',
  attention: 'attention',
  full_attention: 'attention',
} as const;

/**
 * A list with a word for each layer; `undefined` where there is none.
 * @param types what the words mean
 * @param count layers that there must be, if that is known
 * @throws E_CONFIG
 */
export function readLayerTypes<Type extends string>(
  reader: ConfigReader,
  types: Readonly<Record<string, Type>>,
  count: number,
): Type[] | undefined {
  const expected = `a list of ${count} of ${Object.keys(types).join(', ')}`;
  return reader.optional(['layer_types', 'layers_block_type'], expected, (value) => {
    if (!Array.isArray(value) || value.length !== count) return undefined;
    const read = value.map((type) =>
      typeof type === 'string' && Object.hasOwn(types, type) ? types[type] : undefined,
    );
    return read.every((type) => type !== undefined) ? read : undefined;
  });
}
