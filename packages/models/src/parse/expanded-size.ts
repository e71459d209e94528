import * as bounds from './bounds.js';
import type { ConfigReader } from './config-reader.js';

/**
 * The inner width of a Mamba layer: `expand` · hidden, which must be an integer and what `intermediate_size`
 * says, where that is given.
 * @throws E_CONFIG
 */
export function expandedSize(reader: ConfigReader, hiddenSize: number): number {
  const expand = reader.number('expand', bounds.expansion, 2);
  const inner = expand * hiddenSize;
  if (!Number.isInteger(inner) || inner > bounds.size.high) {
    throw reader.error(
      `expand ${expand} times hidden_size ${hiddenSize} is ${inner}, expected an integer up to ${bounds.size.high}.`,
      { keys: ['expand', 'hidden_size'] },
    );
  }
  const stated = reader.optionalInteger(['intermediate_size', 'd_inner'], bounds.largeSize);
  if (stated !== undefined && stated !== inner) {
    throw reader.error(
      `intermediate_size is ${stated}, but expand ${expand} times hidden_size ${hiddenSize} is ${inner}.`,
      { keys: ['intermediate_size', 'expand', 'hidden_size'] },
    );
  }
  return inner;
}
