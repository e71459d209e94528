import {
  buildModel,
  foldedName,
  type HybridConfig,
  type Model,
  type ModelParts,
  type ParameterSpec,
  parameterSpecs,
} from '@hybra/models';
import type { Device } from '@hybra/spec';
import { quantizedWeight, type Tensor, tensorOn } from '@hybra/tensor';
import { castElements, quantSchemes } from '@hybra/weights';
import { randomBytes, randomWeights } from './random-weights.js';
import { isQuantized, type QuantizedType, storedTypeOf } from './weight-type.js';

type Weight = ReturnType<ModelParts['parameters']>;

/** A model of random codes. It lives as long as its device. @param type of the matrices */
export function quantizedModel(config: HybridConfig, type: QuantizedType, device: Device): Model {
  const random = randomWeights(config);
  const weights = new Map<string, Weight>();
  for (const spec of parameterSpecs(config)) {
    const { name, fold, sharedWith } = spec;
    const shared = sharedWith && weights.get(foldedName({ ...spec, name: sharedWith }));
    if (shared) {
      weights.set(foldedName(spec), shared);
      continue;
    }
    const stored = storedTypeOf(type, spec, config);
    const values = random.get(name)!;
    // Decays have to be negative; for other folds any number will do.
    const folded = fold === 'decay' ? values.map((value) => -Math.exp(value)) : values;
    weights.set(
      foldedName(spec),
      isQuantized(stored)
        ? randomCodes(spec, stored, device)
        : tensorOn(device, folded, [...spec.shape], 'f32'),
    );
  }
  return buildModel({
    config,
    parameters: (name) => weights.get(name)!,
    device,
    devices: config.layers.map(() => device),
    fingerprint: `random ${type}`,
    dispose: () => undefined,
  });
}

/** Codes as they come, with one scale for all blocks: weights of the size of `randomWeights`. */
function randomCodes({ shape }: ParameterSpec, type: QuantizedType, device: Device): Weight {
  const [rows, columns] = shape as readonly [number, number];
  const scheme = quantSchemes[type];
  const width = (columns * scheme.bits) / 8;
  const bytes = randomBytes(rows * width);
  const codes: Tensor =
    scheme.bits === 8
      ? tensorOn(device, new Int8Array(bytes.buffer), [rows, width], 'i8')
      : tensorOn(device, bytes, [rows, width], 'u8');
  const blocks = [rows, columns / scheme.blockSize];
  const scale = castElements(
    new Uint8Array(Float32Array.of(0.04 / 2 ** scheme.bits).buffer),
    'f32',
    scheme.scaleDtype,
  );
  const scales = new Uint16Array(blocks[0]! * blocks[1]!).fill(new Uint16Array(scale.buffer)[0]!);
  return quantizedWeight(scheme, { codes, scales: tensorOn(device, scales, blocks, scheme.scaleDtype) });
}
