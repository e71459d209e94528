import { familyOf, type QuantizableTensor, quantizableTensors } from '@hybra/models';
import { HybraError, type QuantScheme } from '@hybra/spec';
import { type QuantSchemeName, quantSchemes, type TensorEntry, type WeightSource } from '@hybra/weights';

/** What becomes of one tensor. */
export interface TensorPlan {
  readonly entry: TensorEntry;
  /** How it is stored; `undefined` leaves it as it is. */
  readonly scheme?: QuantScheme;
  /** Why it is left although it could be a matrix of this kind. */
  readonly reason?: string;
}

/**
 * Decides tensor by tensor: matrices of linear maps in the scheme asked for, embedding and head in q8, the rest
 * as it is.
 * @throws E_CONFIG for a checkpoint that is quantised already, or of an unknown family
 */
export function planQuantization(json: unknown, source: WeightSource, type: QuantSchemeName): TensorPlan[] {
  if ((json as { readonly quantization_config?: unknown } | null)?.quantization_config != null) {
    throw new HybraError(
      'E_CONFIG',
      'quantize: this checkpoint is quantised already. Start from the original: errors would add up.',
      { key: 'quantization_config' },
    );
  }
  const family = familyOf(json);
  const choices = quantizableTensors(family, family.parseConfig(json));
  return Array.from(source.entries.values(), (entry) => planTensor(entry, choices.get(entry.name), type));
}

const floats: readonly string[] = ['f64', 'f32', 'f16', 'bf16', 'f8_e4m3', 'f8_e5m2'];

function planTensor(
  entry: TensorEntry,
  choice: QuantizableTensor | undefined,
  type: QuantSchemeName,
): TensorPlan {
  if (!choice || !floats.includes(entry.dtype)) return { entry };
  const scheme = choice.isTable ? quantSchemes.q8 : quantSchemes[type];
  const [rows = 0, columns = 0] = entry.shape;
  if (columns % scheme.blockSize !== 0) {
    return { entry, reason: `${columns} columns are no multiple of ${scheme.blockSize}` };
  }
  return rows * columns === 0 ? { entry } : { entry, scheme };
}
