import { bytesDirectory, type Directory, encodeSafetensors } from '@hybra/weights';
import { tensorBytes, tensorsOnDisk } from '../../src/export/tensors-on-disk.js';
import type { StoredForm } from '../../src/families/stored-form.js';
import { familyOf, type HostWeights, initialWeights, type ParameterSpec } from '../../src/index.js';

/** Initial weights with nothing left at 0 or 1, so that each one shows in the logits. */
export function livelyWeights(config: Parameters<typeof initialWeights>[0]): HostWeights {
  return new Map(
    [...initialWeights(config, 11)].map(([name, values], index) => [
      name,
      values.map((value, at) => value + 0.1 * Math.sin(index + at * 0.7)),
    ]),
  );
}

/** A checkpoint in memory, in the layout of the family that its `config.json` names. */
export async function writtenCheckpoint(
  json: Readonly<Record<string, unknown>>,
  weights: HostWeights,
  formOf?: (spec: ParameterSpec) => StoredForm,
): Promise<Directory> {
  const family = familyOf(json);
  const config = family.parseConfig(json);
  const tensors = await Promise.all(
    tensorsOnDisk(family, config, formOf).map(async (tensor) => ({
      name: tensor.name,
      dtype: 'f32' as const,
      shape: tensor.shape,
      bytes: await tensorBytes(tensor, 4, (spec) => {
        const { buffer, byteOffset, byteLength } = weights.get(spec.name)!;
        return new Uint8Array(buffer, byteOffset, byteLength);
      }),
    })),
  );
  return bytesDirectory({
    'config.json': new TextEncoder().encode(JSON.stringify(json)),
    'model.safetensors': encodeSafetensors({ tensors, metadata: {} }),
  });
}
