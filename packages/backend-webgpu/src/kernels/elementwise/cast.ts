import { type DType, elementCount } from '@hybra/spec';
import { storedDTypes, type WebGpuKernel } from '../../kernel.js';
import { loadType, numberType } from '../../wgsl/element.js';
import { mapDispatch } from '../../wgsl/map.js';
import { refusal } from '../accept.js';

/** Any stored dtype to any other, each value rounded once. Takes any strides. */
export const castKernel: WebGpuKernel = {
  name: 'webgpu/cast',
  op: 'cast',
  supports: (call) =>
    refusal(call, [storedDTypes], [storedDTypes]) ?? { supported: true, acceptsStrided: true },
  build: (call) => {
    const from = call.inputs[0]!.dtype;
    const { dtype, shape } = call.outputs[0]!;
    return [
      mapDispatch({
        operands: [{ name: 'x', place: { kind: 'input', index: 0 }, view: 'number' }],
        output: { index: 0, dtype, count: elementCount(shape) },
        code: `${helpers}
fn element(i: u32) -> ${loadType(dtype, 'number')} { let x = load_x(i); return ${conversion(from, dtype)}; }`,
      }),
    ];
  },
};

function conversion(from: DType, to: DType): string {
  const type = numberType(from);
  switch (to) {
    case 'bool':
      // Of a float by its bits: NaN and subnormals are not 0.
      if (type === 'f32') return '(bitcast<u32>(x) & 0x7fffffffu) != 0u';
      return type === 'bool' ? 'x' : `x != ${type}(0)`;
    case 'i8':
    case 'i32':
      if (type === 'f32') return to === 'i8' ? 'to_i32(clamp(x, -128.0, 127.0), x)' : 'to_i32(x, x)';
      return type === 'bool' ? 'select(0i, 1i, x)' : 'bitcast<i32>(x)';
    case 'u8':
    case 'u32':
      if (type === 'f32') return to === 'u8' ? 'to_u32(clamp(x, 0.0, 255.0), x)' : 'to_u32(x, x)';
      return type === 'bool' ? 'select(0u, 1u, x)' : 'bitcast<u32>(x)';
    case 'bf16':
      if (type === 'i32') return 'f32(sign(x)) * f32(sticky(bitcast<u32>(abs(x))))';
      return type === 'u32' ? 'f32(sticky(x))' : conversion(from, 'f32');
    default:
      if (type === 'bool') return 'select(0.0, 1.0, x)';
      return type === 'f32' ? 'x' : 'f32(x)';
  }
}

const helpers = `
// WGSL leaves conversions out of range to the implementation in part, and NaN altogether.
fn to_i32(x: f32, original: f32) -> i32 {
  if (is_nan(original)) { return 0; }
  if (x >= 2147483648.0) { return 2147483647; }
  if (x <= -2147483648.0) { return bitcast<i32>(0x80000000u); }
  return i32(x);
}
fn to_u32(x: f32, original: f32) -> u32 {
  if (is_nan(original) || x <= 0.0) { return 0u; }
  if (x >= 4294967296.0) { return 4294967295u; }
  return u32(x);
}
// Keeps 24 bits and whether any below was set, so that rounding to a narrower float rounds once.
fn sticky(x: u32) -> u32 {
  if (x < 16777216u) { return x; }
  return (x & 0xffffff00u) | select(0u, 0x100u, (x & 0xffu) != 0u);
}`;
