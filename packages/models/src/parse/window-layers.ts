import * as bounds from './bounds.js';
import type { ConfigReader } from './config-reader.js';
import { readLayerTypes } from './layer-types.js';

/**
 * The window of each block of a Qwen: `layer_types`, or `max_window_layers` blocks without one and then those
 * with, if `use_sliding_window` says so.
 * @returns gives a block's window, `undefined` for all of the past
 * @throws E_CONFIG
 */
export function readWindows(reader: ConfigReader, blocks: number): (block: number) => number | undefined {
  const isUsed = reader.boolean('use_sliding_window', false);
  const stated = reader.optionalInteger('sliding_window', bounds.contextLength);
  const first = reader.integer('max_window_layers', { low: 0, high: bounds.layerCount.high }, 28);
  const window = isUsed ? (stated ?? 4096) : undefined;
  const types = readLayerTypes(
    reader,
    { full_attention: 'full', attention: 'full', sliding_attention: 'sliding' },
    blocks,
  );
  if (window === undefined && types?.includes('sliding')) {
    throw reader.error(
      'layer_types has sliding_attention, but use_sliding_window is not true or there is no sliding_window.',
      { keys: ['layer_types', 'use_sliding_window', 'sliding_window'] },
    );
  }
  return (block) => ((types ? types[block] === 'sliding' : block >= first) ? window : undefined);
}
