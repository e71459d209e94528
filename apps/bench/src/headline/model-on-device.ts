import { type Weight, weightParameters } from '@hybra/layers';
import {
  buildModel,
  foldedName,
  type HybridConfig,
  type Model,
  type ParameterSpec,
  parameterSpecs,
} from '@hybra/models';
import { type Device, type DeviceBuffer, elementCount } from '@hybra/spec';
import { disposeTensor, storedValueOf, type Tensor, tensorOn, zerosOn } from '@hybra/tensor';
import { fillOnDevice, randomPattern } from './fill-on-device.js';

/**
 * A model of random weights that are laid out on the device from a few patterns of random numbers: nothing large is
 * made on the host or sent. Matrices are bfloat16 and scaled by their width, so that activations neither vanish nor
 * overflow.
 */
export function modelOnDevice(device: Device, config: HybridConfig, stateDtype: 'f32' | 'bf16'): Model {
  const weights = new Map<string, Weight>();
  const patterns = new Map<number, DeviceBuffer>();
  for (const spec of parameterSpecs(config)) {
    const isMatrix = spec.precision === 'narrow' && spec.shape.length === 2;
    weights.set(
      foldedName(spec),
      isMatrix ? randomMatrix(device, spec, patterns) : plainVector(device, spec),
    );
  }
  for (const pattern of patterns.values()) pattern.dispose();
  return buildModel({
    config,
    device,
    devices: config.layers.map(() => device),
    stateDtype,
    fingerprint: 'random',
    parameters: (name) => weights.get(name)!,
    dispose: () => {
      for (const weight of weights.values()) {
        for (const tensor of Object.values(weightParameters('', weight))) disposeTensor(tensor);
      }
    },
  });
}

/** @param patterns by the width of the matrices that they are for */
function randomMatrix(device: Device, spec: ParameterSpec, patterns: Map<number, DeviceBuffer>): Tensor {
  const width = spec.shape[1]!;
  const pattern = patterns.get(width) ?? randomPattern(device, 'bf16', Math.sqrt(3 / width));
  patterns.set(width, pattern);
  const tensor = zerosOn(device, spec.shape, 'bf16', spec.name);
  fillOnDevice(
    device,
    storedValueOf(tensor, spec.name).storage.buffer,
    2 * elementCount(spec.shape),
    pattern,
  );
  return tensor;
}

/** Norms near 1, decays near −1, biases and the rest small. */
function plainVector(device: Device, spec: ParameterSpec): Tensor {
  const values = new Float32Array(elementCount(spec.shape)).map((_, index) => {
    const name = foldedName(spec);
    if (name.endsWith('.decay')) return -1 - (index % 8);
    if (/\.(weight|skip)$/.test(name) && spec.shape.length === 1) return 1;
    return 0.02 * ((index % 7) - 3);
  });
  return tensorOn(device, values, spec.shape);
}
