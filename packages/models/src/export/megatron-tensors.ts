import { elementCount, HybraError } from '@hybra/spec';
import { fileByteSize } from '@hybra/weights';
import { type MegatronKind, megatronName } from '../megatron/megatron-name.js';
import { mergedTensors } from '../megatron/megatron-names.js';
import type { MegatronSizes } from '../megatron/megatron-sizes.js';
import type { ExportedTensor } from './exported-tensors.js';

/**
 * The tensors of a nemotron_h as one rank of Megatron-LM holds them. Each element goes to where the reader takes it
 * from, by the reader's own map.
 * @param tensors in the layout of transformers
 * @throws E_CONFIG for a tensor that Megatron-LM has no place for, E_DTYPE where those that it fuses differ
 */
export function megatronTensors(
  tensors: readonly ExportedTensor[],
  model: { readonly kinds: readonly MegatronKind[]; readonly sizes: MegatronSizes },
): ExportedTensor[] {
  const sources = new Map<string, ExportedTensor[]>();
  for (const tensor of tensors) {
    const name = megatronName(tensor.name, model.kinds);
    if (name === undefined) throw noPlace(tensor.name);
    sources.set(name, [...(sources.get(name) ?? []), tensor]);
  }
  return Array.from(sources, ([name, parts]) => fused(name, parts, model.sizes));
}

function fused(name: string, parts: readonly ExportedTensor[], sizes: MegatronSizes): ExportedTensor {
  const [first] = parts as [ExportedTensor];
  const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const shape = [rows, ...first.shape.slice(1)];
  const places = mergedTensors({ name, shape, ranks: 1 }, sizes) ?? {};
  for (const part of parts) {
    if (!Object.hasOwn(places, part.name)) throw noPlace(part.name);
    if (part.dtype === first.dtype) continue;
    throw new HybraError(
      'E_DTYPE',
      `convert: ${part.name} is ${part.dtype} and ${first.name} ${first.dtype}, which Megatron-LM has in one tensor. Expected one dtype: convert to hf with --dtype first.`,
      { tensor: part.name, dtypes: [part.dtype, first.dtype] },
    );
  }
  return {
    name,
    dtype: first.dtype,
    shape,
    async read() {
      const size = fileByteSize(first.dtype);
      const bytes = new Uint8Array(elementCount(shape) * size);
      for (const part of parts) {
        const own = await part.read();
        let from = 0;
        for (const { start, count } of places[part.name]!.runs) {
          bytes.set(own.subarray(from, from + count * size), start * size);
          from += count * size;
        }
      }
      return bytes;
    },
  };
}

function noPlace(tensor: string): HybraError {
  return new HybraError(
    'E_CONFIG',
    `convert: Megatron-LM has no place for ${tensor}. Keep the layout it has.`,
    {
      tensor,
    },
  );
}
