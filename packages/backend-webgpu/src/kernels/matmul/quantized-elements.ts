import { elementCount } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { mapDispatch } from '../../wgsl/map.js';
import { floats, refusal } from '../accept.js';
import { numbers } from '../composite/row-dispatch.js';
import { counts } from '../sequence/pool.js';

/** Any product with a quantised matrix, one invocation per element. What the faster kernels leave. */
export const quantizedElementsKernel: WebGpuKernel = {
  name: 'webgpu/quantized-elements',
  op: 'quantizedMatmul',
  supports: (call) =>
    refusal(call, [floats, ['i8', 'u8'], floats], [floats]) ?? { supported: true, acceptsStrided: true },
  build: (call) => {
    const { dtype, shape } = call.outputs[0]!;
    const [M, K] = call.inputs[0]!.shape as [number, number];
    const N = call.inputs[1]!.shape[0]!;
    const bits = call.attributes.bits as 4 | 8;
    const blockSize = call.attributes.blockSize as number;
    const hasZeros = call.inputs.length > 3;
    const zero = hasZeros ? 'load_zeros(block)' : bits === 4 ? '8.0' : '0.0';
    const code =
      bits === 4
        ? 'f32((load_codes((column * p.K + k) / 2u) >> (k % 2u * 4u)) & 15u)'
        : 'f32(load_codes(column * p.K + k))';
    return [
      mapDispatch({
        operands: [
          numbers('x', 0),
          numbers('codes', 1),
          numbers('scales', 2),
          ...(hasZeros ? [numbers('zeros', 3)] : []),
        ],
        output: { index: 0, dtype, count: elementCount(shape) },
        parameters: counts({ M, K, N, blockSize }),
        code: `fn element(i: u32) -> f32 {
  let column = i % p.N;
  let line = i / p.N;
  var total = 0.0;
  for (var k0 = 0u; k0 < p.K; k0 += p.blockSize) {
    let block = (column * p.K + k0) / p.blockSize;
    let zero = ${zero};
    var part = 0.0;
    for (var k = k0; k < k0 + p.blockSize; k++) { part = fma(${code} - zero, load_x(line * p.K + k), part); }
    total = fma(part, load_scales(block), total);
  }
  return total;
}`,
      }),
    ];
  },
};
