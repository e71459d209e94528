import { type Device, HybraError, throwIfAborted } from '@hybra/spec';
import { disposeTensor, type Tensor } from '@hybra/tensor';
import { buildModel, type Model } from '../build/build-model.js';
import type { HybridConfig } from '../config/hybrid-config.js';
import { foldedName, type ParameterSpec } from '../config/parameter-spec.js';
import { parameterSpecs } from '../config/parameter-specs.js';
import { modelFingerprint, tensorDigest } from './fingerprint.js';
import { checkStorage, type LoadOptions } from './load-options.js';
import { resolvePlacement } from './placement.js';
import { type StoredElements, uploadParameter } from './upload-parameter.js';

/** Where the elements of a model's parameters come from. */
export interface ElementReader {
  readonly totalBytes: number;
  read(spec: ParameterSpec): Promise<StoredElements>;
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

  const tensors = new Map<string, Tensor>();
  const dispose = (): void => {
    for (const tensor of tensors.values()) disposeTensor(tensor);
  };
  try {
    const digests: [string, string][] = [];
    let loadedBytes = 0;
    const placeOf = (layer: number): Device => (layer < 0 ? device : devices[layer]!);
    for (const spec of parameterSpecs(config)) {
      throwIfAborted(signal, 'loading a model');
      const place = placeOf(spec.layer);
      const shared = spec.sharedWith && tensors.get(foldedName({ ...spec, name: spec.sharedWith }));
      if (shared && shared.device === place) {
        tensors.set(foldedName(spec), shared);
        continue;
      }
      const stored = await reader.read(spec);
      if (!shared) digests.push([spec.name, await tensorDigest(stored.bytes)]);
      tensors.set(foldedName(spec), uploadParameter(spec, stored, { device: place, dtype }));
      loadedBytes += stored.bytes.byteLength;
      options.onProgress?.({ loadedBytes, totalBytes: reader.totalBytes, parameter: spec.name });
    }
    throwIfAborted(signal, 'loading a model');
    const fingerprint = await modelFingerprint(config, digests);
    const parameters = (name: string): Tensor => {
      const tensor = tensors.get(name);
      if (!tensor) throw new HybraError('E_FORMAT', `model: there is no parameter ${name}.`, { name });
      return tensor;
    };
    return buildModel({ config, parameters, device, devices, fingerprint, stateDtype, dispose });
  } catch (error) {
    dispose();
    throw error;
  }
}
