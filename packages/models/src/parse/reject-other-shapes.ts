import { isHybraQuantization } from '../quantization/quantization-config.js';
import type { ConfigReader } from './config-reader.js';
import { showValue } from './show-value.js';

/**
 * Refuses what no family here can honour, though every `config.json` may say it: encoder-decoder pairs, cross
 * attention, pruned heads and weights that others quantised.
 * @throws E_CONFIG
 */
export function rejectOtherShapes(reader: ConfigReader): void {
  reader.only('is_encoder_decoder', [false], 'only decoders are supported');
  reader.only('add_cross_attention', [false], 'cross attention is not supported');
  reader.optional(
    'quantization_config',
    'one that hybra wrote: use the full-precision checkpoint, or its GGUF file',
    (value) => (isHybraQuantization(value) ? true : undefined),
  );
  reader.only(
    'compression_config',
    [],
    'compressed checkpoints are not supported yet; use the full-precision one',
  );
  reader.optional('pruned_heads', 'an empty object: pruned heads are not supported', (value) =>
    showValue(value) === 'an object' && Object.keys(value as object).length === 0 ? true : undefined,
  );
}
