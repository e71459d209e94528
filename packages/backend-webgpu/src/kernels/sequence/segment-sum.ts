import { elementCount } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { mapDispatch } from '../../wgsl/map.js';
import { floats, refusal } from '../accept.js';
import { numbers } from '../composite/row-dispatch.js';

/**
 * y[i, j] = x[j + 1] + … + x[i] for j ≤ i, else −∞ (Dao & Gu 2024, Listing 1): each element sums its own terms,
 * so that no two long sums are subtracted. Takes any strides.
 */
export const segmentSumKernel: WebGpuKernel = {
  name: 'webgpu/segment-sum',
  op: 'segmentSum',
  supports: (call) => refusal(call, [floats], [floats]) ?? { supported: true, acceptsStrided: true },
  build: (call) => {
    const { dtype, shape } = call.outputs[0]!;
    return [
      mapDispatch({
        operands: [numbers('x', 0)],
        output: { index: 0, dtype, count: elementCount(shape) },
        parameters: [{ name: 'length', type: 'u32', value: shape.at(-1)! }],
        code: `fn element(i: u32) -> f32 {
  let j = i % p.length;
  let t = i / p.length % p.length;
  if (j > t) { return -infinity(); }
  let first = i / p.length / p.length * p.length;
  var total = 0.0;
  for (var k = j + 1u; k <= t; k++) { total += load_x(first + k); }
  return total;
}`,
      }),
    ];
  },
};
