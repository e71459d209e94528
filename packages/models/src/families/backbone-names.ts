import { layerParameter, partOnDisk } from './part-names.js';

/**
 * Names on disk of the families that grew out of mamba_ssm: `backbone.layers.{l}.norm`, `….mixer.*`. mamba_ssm
 * itself writes `backbone.embedding`, transformers `backbone.embeddings`; both are read.
 */
export function backboneNames(parameter: string): readonly string[] {
  if (parameter === 'embedding.weight') return ['backbone.embeddings.weight', 'backbone.embedding.weight'];
  if (parameter === 'head.weight') return ['lm_head.weight'];
  if (parameter.startsWith('finalNorm.')) return [parameter.replace('finalNorm', 'backbone.norm_f')];
  const found = layerParameter(parameter);
  if (!found) return [];
  const { layer, isNorm, part } = found;
  return [`backbone.layers.${layer}.${isNorm ? `norm.${part}` : `mixer.${partOnDisk(part)}`}`];
}
