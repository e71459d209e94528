import { elementCount } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { mapDispatch } from '../../wgsl/map.js';
import { matmulParameters, matmulRefusal, matrixOperand, planMatmul } from './matmul-plan.js';

/** Any product, one invocation per element (or pair of 16-bit elements). What the faster kernels leave. */
export const matmulElementsKernel: WebGpuKernel = {
  name: 'webgpu/matmul-elements',
  op: 'matmul',
  supports: (call) => matmulRefusal(call) ?? { supported: true, acceptsStrided: true },
  build: (call) => {
    const { dtype, shape } = call.outputs[0]!;
    return [
      mapDispatch({
        operands: [matrixOperand(call, 0), matrixOperand(call, 1)],
        output: { index: 0, dtype, count: elementCount(shape) },
        parameters: matmulParameters(planMatmul(call)),
        code: `fn element(i: u32) -> f32 {
  let column = i % p.N;
  let line = i / p.N % p.M;
  let batch = i / p.N / p.M;
  var at = at_a(batch) + line * p.aM;
  var bt = at_b(batch) + column * p.bN;
  var total = 0.0;
  for (var k = 0u; k < p.K; k++) {
    total = fma(get_a(at), get_b(bt), total);
    at += p.aK;
    bt += p.bK;
  }
  return total;
}`,
      }),
    ];
  },
};
