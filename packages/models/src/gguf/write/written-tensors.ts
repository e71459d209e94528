import { HybraError } from '@hybra/spec';
import { blocksOfValues, castElements, type GgufTensorToWrite } from '@hybra/weights';
import type { HybridConfig } from '../../config/hybrid-config.js';
import type { ParameterSpec } from '../../config/parameter-spec.js';
import { tensorBytes, tensorsOnDisk } from '../../export/tensors-on-disk.js';
import type { Family } from '../../families/family.js';
import type { CheckpointReader } from '../../load/checkpoint-reader.js';
import type { GgufArchitecture, RowFactor } from '../gguf-architecture.js';
import { foldValues } from '../layout/folded-values.js';
import { ggufForms } from '../layout/gguf-layout.js';
import { type GgufOutputType, tensorType } from './tensor-type.js';

/**
 * The tensors of a model as an architecture has them; each is read when it is asked for.
 * @throws E_CONFIG for a parameter that has no place there
 */
export function writtenTensors(
  reader: CheckpointReader,
  model: { readonly family: Family; readonly config: HybridConfig; readonly architecture: GgufArchitecture },
  type: GgufOutputType,
): GgufTensorToWrite[] {
  const { family, config, architecture } = model;
  const tensors = tensorsOnDisk(family, config, (spec) => {
    const [form] = ggufForms(architecture.layout, spec, config);
    if (form) return form;
    throw new HybraError('E_CONFIG', `GGUF: ${architecture.name} has no place for ${spec.name}.`, {
      parameter: spec.name,
    });
  });
  return tensors.map((tensor): GgufTensorToWrite => {
    const { name, shape } = tensor;
    const stored = tensorType(name, shape, type);
    return {
      name,
      type: stored,
      shape,
      async bytes() {
        const values = await tensorBytes(tensor, 4, (spec) =>
          readValues(reader, spec, architecture.factors?.(spec, config)),
        );
        if (stored === 'q8_0' || stored === 'q4_0')
          return blocksOfValues(stored, new Float32Array(values.buffer));
        return stored === 'f32' ? values : castElements(values, 'f32', 'f16');
      },
    };
  });
}

/** A parameter as float32, folded and multiplied. */
async function readValues(
  reader: CheckpointReader,
  spec: ParameterSpec,
  factors: readonly RowFactor[] | undefined,
): Promise<Uint8Array> {
  const stored = await reader.read(spec);
  if (!('bytes' in stored)) {
    throw new HybraError('E_FORMAT', `GGUF: ${spec.name} is quantised.`, { parameter: spec.name });
  }
  const bytes = castElements(stored.bytes, stored.dtype, 'f32');
  const values = new Float32Array(bytes.buffer);
  if (spec.fold) foldValues(spec.fold, values);
  let at = 0;
  for (const [rows, factor] of factors ?? []) {
    const end = at + rows * (values.length / spec.shape[0]!);
    for (; at < end; at++) values[at] = values[at]! * factor;
  }
  return bytes;
}
