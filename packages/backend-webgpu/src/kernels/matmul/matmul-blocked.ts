import type { DType, OpCall } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { blockedDispatches, blockedSupport } from './blocked.js';
import type { WeightFormat } from './gemv-weights.js';
import { matmulRefusal, planMatmul } from './matmul-plan.js';

/** Many rows times a matrix whose columns lie along k (`transposeB`), as in processing a prompt or training. */
export const matmulBlockedKernel: WebGpuKernel = {
  name: 'webgpu/matmul-blocked',
  op: 'matmul',
  splitInput: 1,
  supports: (call, facts) => {
    const plan = planMatmul(call);
    return matmulRefusal(call) ?? blockedSupport(call, formatOf(call), plan, plan, facts);
  },
  build: (call, { facts }) => blockedDispatches(call.inputs, formatOf(call), planMatmul(call), facts),
};

function formatOf(call: OpCall): WeightFormat {
  return { kind: 'dense', dtype: call.inputs[1]!.dtype as Extract<DType, 'f32' | 'f16' | 'bf16'> };
}
