import { type Weight, weightParameters } from '@hybra/layers';
import { type Device, HybraError, throwIfAborted } from '@hybra/spec';
import { disposeTensor, isQuantizedWeight } from '@hybra/tensor';
import { buildModel, type Model } from '../build/build-model.js';
import type { HybridConfig } from '../config/hybrid-config.js';
import { foldedName, type ParameterSpec } from '../config/parameter-spec.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import { modelFingerprint, tensorDigest } from './fingerprint.js';
import { checkStorage, type LoadOptions } from './load-options.js';
import { resolvePlacement } from './placement.js';
import { type StoredMatrix, uploadMatrix } from './upload-matrix.js';
import { type StoredElements, uploadParameter } from './upload-parameter.js';

/** Where the elements of a model's parameters come from. */
export interface ElementReader {
  readonly totalBytes: number;
  /** Elements, or a quantised matrix. */
  read(spec: ParameterSpec): Promise<StoredElements | StoredMatrix>;
}

/**
 * Uploads every parameter to the device of its layer and builds the model. Frees what it allocated if it fails.
 * @throws E_ARGUMENT, E_DTYPE, E_OUT_OF_MEMORY, E_ABORTED and what the reader throws
 */
export async function assembleModel(
  config: HybridConfig,
  reader: ElementReader,
  options: LoadOptions,
): Promise<Model> {
  const { device, devices } = resolvePlacement(config, options);
  const { dtype = 'f32', stateDtype = 'f32', signal } = options;
  checkStorage('dtype', dtype, [device, ...devices]);
  checkStorage('stateDtype', stateDtype, devices);

  const weights = new Map<string, Weight>();
  const dispose = (): void => {
    for (const weight of weights.values()) {
      for (const tensor of Object.values(weightParameters('', weight))) disposeTensor(tensor);
    }
  };
  try {
    const digests: [string, string][] = [];
    let loadedBytes = 0;
    const placeOf = (layer: number): Device => (layer < 0 ? device : devices[layer]!);
    for (const spec of parameterSpecs(config)) {
      throwIfAborted(signal, 'loading a model');
      const place = placeOf(spec.layer);
      const shared = spec.sharedWith && weights.get(foldedName({ ...spec, name: spec.sharedWith }));
      if (shared && deviceOf(shared) === place) {
        weights.set(foldedName(spec), shared);
        continue;
      }
      const stored = await reader.read(spec);
      const isMatrix = 'matrix' in stored;
      weights.set(
        foldedName(spec),
        isMatrix
          ? uploadMatrix(spec, stored, place)
          : uploadParameter(spec, stored, { device: place, dtype }),
      );
      for (const [part, bytes] of Object.entries(isMatrix ? { ...stored.matrix } : { '': stored.bytes })) {
        if (!shared) digests.push([part ? `${spec.name}.${part}` : spec.name, await tensorDigest(bytes)]);
        loadedBytes += bytes.byteLength;
      }
      options.onProgress?.({ loadedBytes, totalBytes: reader.totalBytes, parameter: spec.name });
    }
    throwIfAborted(signal, 'loading a model');
    const fingerprint = await modelFingerprint(config, digests);
    const parameters = (name: string): Weight => {
      const weight = weights.get(name);
      if (!weight) throw new HybraError('E_FORMAT', `model: there is no parameter ${name}.`, { name });
      return weight;
    };
    return buildModel({ config, parameters, device, devices, fingerprint, stateDtype, dispose });
  } catch (error) {
    dispose();
    throw error;
  }
}

function deviceOf(weight: Weight): Device | undefined {
  return isQuantizedWeight(weight) ? weight.codes.device : weight.device;
}
