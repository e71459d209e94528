import { elementCount } from '@hybra/spec';
import { storedDTypes, type WebGpuKernel } from '../../kernel.js';
import { loadType } from '../../wgsl/element.js';
import { mapDispatch } from '../../wgsl/map.js';
import { elementwiseInPlace, refusal } from '../accept.js';

/** One of two elements by a condition; bits stay as they are. Takes any strides, and works in place. */
export const selectKernel: WebGpuKernel = {
  name: 'webgpu/select',
  op: 'select',
  supports: (call) =>
    refusal(call, [['bool'], storedDTypes]) ?? {
      supported: true,
      acceptsStrided: true,
      inPlace: elementwiseInPlace(call, [1, 2]),
    },
  build: (call) => {
    const { dtype, shape } = call.outputs[0]!;
    return [
      mapDispatch({
        operands: [
          { name: 'c', place: { kind: 'input', index: 0 }, view: 'number' },
          { name: 'a', place: { kind: 'input', index: 1 }, view: 'bits' },
          { name: 'b', place: { kind: 'input', index: 2 }, view: 'bits' },
        ],
        output: { index: 0, dtype, count: elementCount(shape) },
        gives: 'bits',
        code: `fn element(i: u32) -> ${loadType(dtype, 'bits')} {
  if (load_c(i)) { return load_a(i); }
  return load_b(i);
}`,
      }),
    ];
  },
};

/** Logical not. Takes any strides, and works in place. */
export const notKernel: WebGpuKernel = {
  name: 'webgpu/not',
  op: 'not',
  supports: (call) =>
    refusal(call, [['bool']]) ?? {
      supported: true,
      acceptsStrided: true,
      inPlace: elementwiseInPlace(call, [0]),
    },
  build: (call) => [
    mapDispatch({
      operands: [{ name: 'x', place: { kind: 'input', index: 0 }, view: 'number' }],
      output: { index: 0, dtype: 'bool', count: elementCount(call.outputs[0]!.shape) },
      code: 'fn element(i: u32) -> bool { return !load_x(i); }',
    }),
  ],
};
