import { HybraError, hostView, throwIfAborted } from '@hybra/spec';
import { castElements, type Directory, openCheckpoint, readJson } from '@hybra/weights';
import type { HybridConfig } from '../config/hybrid-config.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import { familyOf } from '../families/families.js';
import type { HostWeights } from '../initialize/initial-weights.js';
import { checkpointReader } from './checkpoint-reader.js';
import { settleHead } from './settle-head.js';

/** A checkpoint in the host's memory. */
export interface LoadedWeights {
  readonly config: HybridConfig;
  /** The parsed `config.json`. */
  readonly json: Readonly<Record<string, unknown>>;
  /** In float32, as they are stored: nothing folded. */
  readonly weights: HostWeights;
}

/**
 * Reads a checkpoint to the host, in float32: what training starts from. Quantised ones have no weights to train.
 * @throws E_CONFIG, E_FORMAT, E_SHAPE, E_IO, E_ABORTED
 */
export async function loadWeights(directory: Directory, signal?: AbortSignal): Promise<LoadedWeights> {
  const json = await readJson(directory, 'config.json', signal ? { signal } : {});
  const family = familyOf(json);
  const stated = family.parseConfig(json);
  const source = await openCheckpoint(directory, signal);
  try {
    const config = await settleHead(stated, { family, source }, signal);
    const reader = checkpointReader(source, { family, config, signal });
    const weights = new Map<string, Float32Array>();
    for (const spec of parameterSpecs(config)) {
      if (spec.sharedWith !== undefined) continue;
      throwIfAborted(signal, 'loading weights');
      const stored = await reader.read(spec);
      if (!('bytes' in stored)) throw quantizedWeight(spec.name);
      const wide = castElements(stored.bytes, stored.dtype, 'f32').slice();
      weights.set(spec.name, hostView('f32', wide.buffer, 0, wide.byteLength / 4) as Float32Array);
    }
    return { config, json: json as Readonly<Record<string, unknown>>, weights };
  } finally {
    await source.close();
  }
}

function quantizedWeight(name: string): HybraError {
  return new HybraError(
    'E_FORMAT',
    `loadWeights: ${name} is quantised. Load the checkpoint it was made from.`,
    { name },
  );
}
