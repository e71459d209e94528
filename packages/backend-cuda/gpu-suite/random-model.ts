import { type Weight, weightParameters } from '@hybra/layers';
import {
  buildModel,
  foldedName,
  type HybridConfig,
  type Model,
  type ParameterSpec,
  parameterSpecs,
  preset,
} from '@hybra/models';
import type { Device, DeviceBuffer } from '@hybra/spec';
import { disposeTensor, quantizedWeight, storedValueOf, type Tensor, zerosOn } from '@hybra/tensor';
import { type QuantSchemeName, quantSchemes } from '@hybra/weights';
import { drawInitial } from '../../models/src/initialize/draw-initial.js';
import { uniformStream } from '../../models/src/initialize/uniform-stream.js';
import { uploadParameter } from '../../models/src/load/upload-parameter.js';

/** How the matrices of a random model are stored. */
export type Storage = 'bf16' | QuantSchemeName;

/** The published Mamba-2 2.7B: 64 layers of 80 heads, one group. */
export function mamba2Of27(): HybridConfig {
  const small = preset('mamba2-130m');
  const [layer] = small.layers;
  if (layer?.kind !== 'mamba2') throw new Error('the preset has changed');
  return {
    ...small,
    hiddenSize: 2560,
    layers: Array.from({ length: 64 }, () => ({ ...layer, heads: 80, groups: 1 })),
  };
}

const patternElements = 2 ** 18;

/**
 * A model of random weights that are laid out on the device from a few MiB of random numbers: nothing large is made
 * on the host or sent. Tables stay at 8 bits where the rest has 4.
 */
export function randomModel(
  device: Device,
  config: HybridConfig,
  storage: Storage,
  stateDtype: 'f32' | 'bf16' = 'f32',
): Model {
  const fill = filler(device);
  const weights = new Map<string, Weight>();
  for (const [index, spec] of parameterSpecs(config).entries()) {
    const name = foldedName(spec);
    const isTable = spec.layer < 0;
    if (spec.precision === 'wide' || spec.shape.length !== 2) {
      const values = drawInitial(spec.initial, spec.shape, uniformStream(1, index));
      weights.set(
        name,
        uploadParameter(
          spec,
          { bytes: new Uint8Array(values.buffer), dtype: 'f32' },
          { device, dtype: 'bf16' },
        ),
      );
    } else if (storage === 'bf16') {
      weights.set(name, fill.matrix(spec, index));
    } else {
      weights.set(name, fill.quantized(spec, index, isTable && storage !== 'q8' ? 'q8' : storage));
    }
  }
  fill.dispose();
  return buildModel({
    config,
    device,
    devices: config.layers.map(() => device),
    stateDtype,
    fingerprint: `random ${storage}`,
    parameters: (name) => weights.get(name)!,
    dispose: () => {
      for (const weight of weights.values()) {
        for (const tensor of Object.values(weightParameters('', weight))) disposeTensor(tensor);
      }
    },
  });
}

function filler(device: Device) {
  const uniform = uniformStream(2, 0);
  const patterns = new Map<string, DeviceBuffer>();
  const patternOf = (key: string, bytes: () => Uint8Array): DeviceBuffer => {
    const known = patterns.get(key);
    if (known) return known;
    const data = bytes();
    const made = device.allocate(data.byteLength, key);
    device.write(made, 0, data);
    patterns.set(key, made);
    return made;
  };
  /** Copies a pattern over a tensor, from another place of it each time. */
  const spread = (pattern: DeviceBuffer, tensor: Tensor, byteLength: number, turn: number): void => {
    const { buffer } = storedValueOf(tensor, 'random').storage;
    let from = (turn * 65_536) % pattern.byteLength;
    for (let at = 0; at < byteLength; ) {
      const count = Math.min(byteLength - at, pattern.byteLength - from);
      device.copy(pattern, from, buffer, at, count);
      at += count;
      from = 0;
    }
  };
  const halves = (low: number, high: number, toBits: (value: number) => number): Uint8Array =>
    new Uint8Array(
      Uint16Array.from({ length: patternElements }, () => toBits(low + (high - low) * uniform())).buffer,
    );
  const bytes = (): Uint8Array => Uint8Array.from({ length: patternElements }, () => 1 + 255 * uniform());

  return {
    matrix(spec: ParameterSpec, turn: number): Tensor {
      const [N, K] = spec.shape as [number, number];
      const bound = Math.sqrt(3 / K);
      const pattern = patternOf(`bf16 ${K}`, () => halves(-bound, bound, bf16Bits));
      const tensor = zerosOn(device, [N, K], 'bf16', spec.name);
      spread(pattern, tensor, 2 * N * K, turn);
      return tensor;
    },
    quantized(spec: ParameterSpec, turn: number, name: QuantSchemeName): Weight {
      const scheme = quantSchemes[name];
      const [N, K] = spec.shape as [number, number];
      const blocks = K / scheme.blockSize;
      // Codes have a deviation of 73 or 4.6.
      const scale = Math.sqrt(1 / K) / (scheme.bits === 8 ? 73 : 4.6);
      const width = scheme.bits === 8 ? K : K / 2;
      const codes = zerosOn(device, [N, width], scheme.bits === 8 ? 'i8' : 'u8', `${spec.name}.codes`);
      spread(patternOf('codes', bytes), codes, N * width, turn);
      const perBlock = (key: string, low: number, high: number): Tensor => {
        const tensor = zerosOn(device, [N, blocks], 'f16', `${spec.name}.${key}`);
        spread(
          patternOf(`${key} ${low}`, () => halves(low, high, f16Bits)),
          tensor,
          2 * N * blocks,
          turn,
        );
        return tensor;
      };
      return quantizedWeight(scheme, {
        codes,
        scales: perBlock('scales', scale / 2, 1.5 * scale),
        zeros: scheme.hasZeroPoints ? perBlock('zeros', 6, 9) : undefined,
      });
    },
    dispose: () => {
      for (const pattern of patterns.values()) pattern.dispose();
    },
  };
}

const one = (value: number): number => new Uint32Array(Float32Array.of(value).buffer)[0]!;

function bf16Bits(value: number): number {
  return one(value) >>> 16;
}

/** Of a positive number in float16's normal range, or below it: truncated. */
function f16Bits(value: number): number {
  const exponent = Math.max(Math.floor(Math.log2(value)), -14);
  const mantissa = Math.floor((value / 2 ** exponent) * 1024);
  return ((exponent + 14) << 10) + mantissa;
}
