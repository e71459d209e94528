import { buildModel, foldedName, type HybridConfig, type Model, parameterSpecs, preset } from '@hybra/models';
import type { Device, DType, QuantScheme } from '@hybra/spec';
import {
  type QuantizedWeight,
  quantizedWeight,
  storedValueOf,
  type Tensor,
  tensorOn,
  zerosOn,
} from '@hybra/tensor';

type Matrices = 'bf16' | 'f16' | 'f32' | 'q8' | 'q4';

/** Mamba-2 as state-spaces/mamba2-130m and -2.7b have it: one group, vocabulary 50,288, tied. */
export function mamba2Config(name: '130m' | '2.7b'): HybridConfig {
  const base = preset('mamba2-130m');
  const hiddenSize = name === '130m' ? 768 : 2560;
  const [layer] = base.layers;
  if (layer?.kind !== 'mamba2') throw new Error('the preset has another first layer');
  const layers = Array.from({ length: name === '130m' ? 24 : 64 }, () => ({
    ...layer,
    heads: (2 * hiddenSize) / layer.headSize,
    groups: 1,
  }));
  return { ...base, hiddenSize, layers };
}

const templateElements = 1 << 22;

/** Numbers in 0 … 1 (Marsaglia's xorshift, 2003): the same on every run. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** A model with random weights that never were on the host: matrices are copies of one random buffer. */
export function randomModel(config: HybridConfig, device: Device, matrices: Matrices): Model {
  const next = uniform(1);
  const random = (dtype: DType, make: () => number): Tensor => {
    const values =
      dtype === 'f32'
        ? Float32Array.from({ length: templateElements }, make)
        : dtype === 'u8'
          ? Uint8Array.from({ length: templateElements }, make)
          : dtype === 'i8'
            ? Int8Array.from({ length: templateElements }, make)
            : Uint16Array.from({ length: templateElements }, make);
    return tensorOn(device, values as Float32Array, [templateElements], dtype);
  };
  const templates = new Map<string, Tensor>();
  const template = (name: string, make: () => Tensor): Tensor => {
    const known = templates.get(name);
    if (known) return known;
    const made = make();
    templates.set(name, made);
    return made;
  };
  const filled = (shape: readonly number[], dtype: DType, from: Tensor): Tensor => {
    const tensor = zerosOn(device, shape, dtype);
    const target = storedValueOf(tensor, 'weight').storage.buffer;
    const source = storedValueOf(from, 'template').storage.buffer;
    for (let at = 0; at < target.byteLength; at += source.byteLength) {
      device.copy(source, 0, target, at, Math.min(source.byteLength, target.byteLength - at));
    }
    return tensor;
  };
  const scheme: QuantScheme = {
    name: matrices,
    bits: matrices === 'q4' ? 4 : 8,
    blockSize: 32,
    codeLayout: matrices === 'q4' ? 'u4-low-first' : 'i8',
    scaleDtype: 'f16',
    hasZeroPoints: false,
  };
  const scales = (): Tensor => random('f16', () => 0x1400 + Math.floor(next() * 0x300));
  const weights = new Map<string, Tensor | QuantizedWeight>();
  for (const spec of parameterSpecs(config)) {
    const name = foldedName(spec);
    if (spec.sharedWith !== undefined) {
      weights.set(name, weights.get(foldedName({ ...spec, name: spec.sharedWith }))!);
    } else if (spec.precision === 'wide') {
      const isDecay = spec.fold === 'decay';
      const count = spec.shape.reduce((product, extent) => product * extent, 1);
      const values = Float32Array.from({ length: count }, () => (isDecay ? -1 - 7 * next() : next() * 0.1));
      weights.set(name, tensorOn(device, values, spec.shape, 'f32'));
    } else if (matrices === 'q8' || matrices === 'q4') {
      const [rows, columns] = spec.shape as [number, number];
      const perByte = matrices === 'q4' ? 2 : 1;
      const dtype = matrices === 'q4' ? 'u8' : 'i8';
      const codes = template('codes', () => random(dtype, () => Math.floor(next() * 256)));
      weights.set(
        name,
        quantizedWeight(scheme, {
          codes: filled([rows, columns / perByte], dtype, codes),
          scales: filled([rows, columns / 32], 'f16', template('scales', scales)),
          zeros: undefined,
        }),
      );
    } else {
      // ±(0.008 … 0.03): signs and all bits of the significand vary.
      const bits = matrices === 'bf16' ? 0x3c00 : 0x2000;
      const make =
        matrices === 'f32'
          ? () => (next() - 0.5) * 0.06
          : () => (bits + Math.floor(next() * 0x100)) | (next() < 0.5 ? 0x8000 : 0);
      weights.set(
        name,
        filled(
          spec.shape,
          matrices,
          template('matrix', () => random(matrices, make)),
        ),
      );
    }
  }
  return buildModel({
    config,
    parameters: (name) => weights.get(name)!,
    device,
    devices: config.layers.map(() => device),
    fingerprint: '0'.repeat(64),
    dispose: () => undefined,
  });
}
