import type { HybridConfig } from '../../config/hybrid-config.js';
import type { LayerConfig } from '../../config/layer-configs.js';
import type { ParameterSpec } from '../../config/parameter-spec.js';
import { fusedHalf } from '../../families/expert-forms.js';
import { rowsOf, type StoredForm, wholeTensor } from '../../families/stored-form.js';

/** How a parameter lies in a tensor of a GGUF file. @param tensor its whole name */
export type PartForm = (
  tensor: string,
  spec: ParameterSpec,
  context: { readonly layer: LayerConfig; readonly config: HybridConfig },
) => StoredForm;

/** As it is. */
export const same: PartForm = (tensor, spec) => wholeTensor(tensor, spec.shape);

/** `[H, 1]` for `[H]`. */
export const column: PartForm = (tensor, spec) => wholeTensor(tensor, [...spec.shape, 1]);

/** `[groups, W / groups]` for the `[W]` of a norm inside a Mamba-2 layer. */
export const groups: PartForm = (tensor, spec, { layer }) => {
  const count = layer.kind === 'mamba2' ? layer.groups : 1;
  return wholeTensor(tensor, [count, spec.shape[0]! / count]);
};

/**
 * Rows of queries or keys as a rotation of neighbours wants them: of the rotated rows of each head, i and i + R/2 lie
 * side by side.
 */
export const pairs: PartForm = (tensor, spec, { layer }) => {
  if (layer.kind !== 'attention') return wholeTensor(tensor, spec.shape);
  const { headSize, rope } = layer;
  return inPairs(tensor, spec, { headSize, paired: rope?.rotarySize ?? headSize });
};

/** The same with all rows of a head in pairs, also those that are not rotated. */
export const wholeHeadPairs: PartForm = (tensor, spec, { layer }) => {
  if (layer.kind !== 'attention') return wholeTensor(tensor, spec.shape);
  const { headSize } = layer;
  return inPairs(tensor, spec, { headSize, paired: headSize });
};

function inPairs(
  tensor: string,
  spec: ParameterSpec,
  head: { readonly headSize: number; readonly paired: number },
): StoredForm {
  const half = head.paired / 2;
  const rows = Array.from({ length: spec.shape[0]! }, (_, row) => {
    const inHead = row % head.headSize;
    if (inHead >= head.paired) return [row, 1] as const;
    const place = inHead < half ? 2 * inHead : 2 * (inHead - half) + 1;
    return [row - inHead + place, 1] as const;
  });
  return rowsOf(tensor, spec.shape, rows);
}

/** One half of the rows of each expert. */
export function expertHalf(half: 0 | 1): PartForm {
  return (tensor, spec) => fusedHalf(tensor, half, spec.shape);
}
