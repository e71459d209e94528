import { HybraError } from '@hybra/spec';
import type { WeightSource } from '@hybra/weights';
import type { HybridConfig } from '../config/hybrid-config.js';
import { familyOf } from '../families/families.js';
import type { Family } from '../families/family.js';
import { type CheckpointReader, checkpointReader } from '../load/checkpoint-reader.js';
import { settleHead } from '../load/settle-head.js';

/** A checkpoint to write in another layout. */
export interface CheckpointToExport {
  /** What its `config.json` says. */
  readonly config: unknown;
  /** The caller closes them. */
  readonly weights: WeightSource;
}

/** Reads what a checkpoint is. @throws E_CONFIG, also for a quantised one; E_FORMAT, E_SHAPE as `loadModel` */
export async function openForExport(
  checkpoint: CheckpointToExport,
  signal: AbortSignal | undefined,
): Promise<{ readonly family: Family; readonly config: HybridConfig; readonly reader: CheckpointReader }> {
  const family = familyOf(checkpoint.config);
  const stated = family.parseConfig(checkpoint.config);
  if (Object.hasOwn(checkpoint.config as object, 'quantization_config')) {
    throw new HybraError(
      'E_CONFIG',
      'convert: the checkpoint is quantised. Convert the one it was made from.',
      {},
    );
  }
  const config = await settleHead(stated, { family, source: checkpoint.weights }, signal);
  return { family, config, reader: checkpointReader(checkpoint.weights, { family, config, signal }) };
}
