import type { WeightSource } from '@hybra/weights';
import type { HybridConfig } from '../config/hybrid-config.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import type { Family } from '../families/family.js';
import type { StoredForm } from '../families/stored-form.js';

/**
 * The configuration with its head untied where the file has one that is not the embedding, whatever
 * `tie_word_embeddings` says: as transformers 5 loads such a file. Nemotron-H is saved so, for one, whose class never
 * ties. A head that is the embedding bit by bit, or quantised, or of another shape, changes nothing.
 * @throws E_IO, E_ABORTED
 */
export async function settleHead(
  config: HybridConfig,
  checkpoint: { readonly family: Family; readonly source: WeightSource },
  signal?: AbortSignal,
): Promise<HybridConfig> {
  const { family, source } = checkpoint;
  // mamba_ssm ties while it loads: its files always have both.
  if (!config.isTied || family.modelType === 'mamba_ssm') return config;
  const untied: HybridConfig = { ...config, isTied: false };
  const table = only(family, untied, source, 'embedding.weight');
  const head = only(family, untied, source, 'head.weight');
  if (table === undefined || head === undefined) return config;
  const [a, b] = [source.entries.get(table)!, source.entries.get(head)!];
  if (a.shape.join() !== b.shape.join()) return config;
  if (a.dtype !== b.dtype) return untied;
  const [one, other] = [await source.read(table, signal), await source.read(head, signal)];
  return one.every((byte, index) => byte === other[index]) ? config : untied;
}

/** The tensor that is a parameter as it stands, if the file has it. */
function only(family: Family, config: HybridConfig, source: WeightSource, name: string): string | undefined {
  const spec = parameterSpecs(config).find((candidate) => candidate.name === name)!;
  const isThere = (form: StoredForm): boolean => form.length === 1 && source.entries.has(form[0]!.tensor);
  return family.storedForms(spec, config).find(isThere)?.[0]?.tensor;
}
