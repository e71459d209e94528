import { elementCount, HybraError, type QuantScheme } from '@hybra/spec';
import { type FileDType, fileByteSize, takeWeights, type WeightSource } from '@hybra/weights';
import type { HybridConfig } from '../config/hybrid-config.js';
import type { ParameterSpec } from '../config/parameter-spec.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import type { Family } from '../families/family.js';
import type { StoredForm } from '../families/stored-form.js';
import { readMatrix } from '../quantization/read-matrix.js';
import { storedScheme } from '../quantization/stored-scheme.js';
import type { ElementReader } from './assemble-model.js';
import type { StoredElements } from './upload-parameter.js';

/** Reads parameters, and knows their dtypes before. */
export interface CheckpointReader extends ElementReader {
  /** The dtype that a parameter has on disk; that of its codes if it is quantised. */
  dtypeOf(spec: ParameterSpec): FileDType;
}

/**
 * Reads the parameters of a model from a checkpoint in its family's layout. Every tensor must be there, of the
 * right shape, and used; nothing but headers is read before that is known.
 * @throws E_FORMAT, E_SHAPE
 */
export function checkpointReader(
  source: WeightSource,
  model: {
    readonly family: Family;
    readonly config: HybridConfig;
    /** In which matrices may be quantised. */
    readonly schemes?: readonly QuantScheme[] | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): CheckpointReader {
  const { family, config, schemes = [], signal } = model;
  const weights = takeWeights(source, { ignore: family.ignoredTensors(config) });
  const forms = new Map<string, StoredForm>();
  const sizes = new Map<string, number>();
  const quantized = new Map<string, QuantScheme>();
  const isThere = (tensor: string): boolean =>
    weights.has(tensor) || (schemes.length > 0 && weights.has(`${tensor}.codes`));
  const take = (name: string, shape: readonly number[]): void => {
    sizes.set(name, weights.take(name, shape).byteLength);
  };
  for (const spec of parameterSpecs(config)) {
    if (spec.sharedWith !== undefined) continue;
    const choices = family.storedForms(spec, config);
    const form = choices.find((runs) => runs.every((run) => isThere(run.tensor))) ?? choices[0]!;
    for (const { tensor, shape } of form) {
      const stored = storedScheme(source, tensor, shape, schemes);
      if (stored) quantized.set(tensor, stored.scheme);
      for (const part of stored?.parts ?? [{ name: tensor, shape }]) take(part.name, part.shape);
    }
    forms.set(spec.name, form);
  }
  weights.finish();
  let totalBytes = 0;
  for (const size of sizes.values()) totalBytes += size;
  return {
    totalBytes,
    dtypeOf(spec) {
      const [run] = forms.get(spec.sharedWith ?? spec.name)!;
      return (source.entries.get(run!.tensor) ?? source.entries.get(`${run!.tensor}.codes`))!.dtype;
    },
    read(spec) {
      const form = forms.get(spec.sharedWith ?? spec.name)!;
      if (!form.some((run) => quantized.has(run.tensor))) return readForm(source, form, { spec, signal });
      return readMatrix(source, form, { spec, schemeOf: (tensor) => quantized.get(tensor), signal });
    },
  };
}

async function readForm(
  source: WeightSource,
  form: StoredForm,
  { spec, signal }: { readonly spec: ParameterSpec; readonly signal: AbortSignal | undefined },
): Promise<StoredElements> {
  const { dtype } = source.entries.get(form[0]!.tensor)!;
  const [only] = form;
  if (form.length === 1 && only!.count === elementCount(only!.shape)) {
    return { bytes: await source.read(only!.tensor, signal), dtype };
  }
  const size = fileByteSize(dtype);
  const bytes = new Uint8Array(elementCount(spec.shape) * size);
  const tensors = new Map<string, Uint8Array>();
  let at = 0;
  for (const { tensor, start, count } of form) {
    const stored = source.entries.get(tensor)!.dtype;
    if (stored !== dtype) {
      throw new HybraError(
        'E_FORMAT',
        `checkpoint: ${form[0]!.tensor} is ${dtype} and ${tensor} is ${stored}; parts of ${spec.name} must have one dtype.`,
        { tensors: [form[0]!.tensor, tensor] },
      );
    }
    const whole = tensors.get(tensor) ?? (await source.read(tensor, signal));
    tensors.set(tensor, whole);
    bytes.set(whole.subarray(start * size, (start + count) * size), at);
    at += count * size;
  }
  return { bytes, dtype };
}
