import { elementCount } from '@hybra/spec';
import { storedDTypes, type WebGpuKernel } from '../../kernel.js';
import { numberType } from '../../wgsl/element.js';
import { mapDispatch } from '../../wgsl/map.js';
import { refusal } from '../accept.js';
import { bitsOf } from './move.js';

/** One number everywhere. */
export const fillKernel: WebGpuKernel = {
  name: 'webgpu/fill',
  op: 'fill',
  supports: (call) => refusal(call, [], [storedDTypes]) ?? { supported: true },
  build: (call) => {
    const { dtype, shape } = call.outputs[0]!;
    return [
      mapDispatch({
        operands: [],
        output: { index: 0, dtype, count: elementCount(shape) },
        parameters: [{ name: 'value', type: 'u32', value: bitsOf(dtype, call.attributes.value as number) }],
        gives: 'bits',
        code: 'fn element(i: u32) -> u32 { return p.value; }',
      }),
    ];
  },
};

/** 0, 1, 2, … along an axis. */
export const iotaKernel: WebGpuKernel = {
  name: 'webgpu/iota',
  op: 'iota',
  supports: (call) => refusal(call, [], [['f32', 'i32', 'u32']]) ?? { supported: true },
  build: (call) => {
    const { dtype, shape } = call.outputs[0]!;
    const axis = call.attributes.axis as number;
    const type = numberType(dtype);
    return [
      mapDispatch({
        operands: [],
        output: { index: 0, dtype, count: elementCount(shape) },
        parameters: [
          { name: 'extent', type: 'u32', value: shape[axis]! },
          { name: 'inner', type: 'u32', value: elementCount(shape.slice(axis + 1)) },
        ],
        code: `fn element(i: u32) -> ${type} { return ${type}(i / p.inner % p.extent); }`,
      }),
    ];
  },
};

/** Philox 4×32-10: words, or floats strictly between 0 and 1. */
export const randomKernel: WebGpuKernel = {
  name: 'webgpu/random',
  op: 'random',
  supports: (call) => refusal(call, [['u32']], [['u32', 'f32']]) ?? { supported: true },
  build: (call) => {
    const { dtype, shape } = call.outputs[0]!;
    const type = dtype === 'f32' ? 'f32' : 'u32';
    return [
      mapDispatch({
        operands: [{ name: 'stream', place: { kind: 'input', index: 0 }, view: 'number' }],
        output: { index: 0, dtype, count: elementCount(shape) },
        parameters: [{ name: 'width', type: 'u32', value: shape[1]! }],
        code: `fn element(i: u32) -> ${type} {
  let at = i / p.width * 5u;
  let j = i % p.width;
  let key = vec2<u32>(load_stream(at), load_stream(at + 1u));
  let words = philox(key, vec4<u32>(j / 4u, load_stream(at + 3u), load_stream(at + 2u), load_stream(at + 4u)));
  let word = words[j % 4u];
  return ${type === 'f32' ? 'unit_float(word)' : 'word'};
}`,
      }),
    ];
  },
};
