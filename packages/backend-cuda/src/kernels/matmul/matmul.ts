import { elementCount, formatType } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { type Parameter, pointer, u32 } from '../../launch/launch.js';
import { unsupported } from '../accept.js';
import { planMatmul } from './matmul-plan.js';

const pairs = ['f32_f32', 'f32_f16', 'f32_bf16', 'f16_f16', 'bf16_bf16'];
const tile = 64;
const maxBatchRank = 4;
/** Most blocks along the second and third axis of a grid. */
const gridLimit = 65_535;

/** Batched matrix product in float32 arithmetic on any strided a and b: the one that takes every call. */
export const matmulKernel: CudaKernel = {
  name: 'cuda/matmul',
  op: 'matmul',
  supports: (call) => {
    const [a, b] = call.inputs;
    if (!pairs.includes(`${a!.dtype}_${b!.dtype}`)) {
      return unsupported(`matmul: no kernel for ${call.inputs.map(formatType).join(' and ')}`);
    }
    const plan = planMatmul(call);
    if (plan.batchCount > gridLimit || Math.ceil(plan.M / tile) > gridLimit) {
      return unsupported(`matmul: more than ${gridLimit} products, or ${gridLimit * tile} rows`);
    }
    return { supported: true, acceptsStrided: plan.batch.length <= maxBatchRank };
  },
  plan: (call) => {
    const [a, b] = call.inputs;
    const [y] = call.outputs;
    if (elementCount(y!.shape) === 0) return [];
    const plan = planMatmul(call);
    const padded = (values: readonly number[]): Parameter[] =>
      Array.from({ length: maxBatchRank }, (_, axis) => u32(values[axis] ?? 0));
    return [
      {
        kind: 'kernel',
        module: 'matmul-simt',
        entry: `matmul_${a!.dtype}_${b!.dtype}`,
        grid: [Math.ceil(plan.N / tile), Math.ceil(plan.M / tile), plan.batchCount],
        block: 256,
        parameters: [
          pointer(a),
          pointer(b),
          pointer(y),
          ...[plan.M, plan.N, plan.K, plan.aM, plan.aK, plan.bK, plan.bN, plan.batch.length].map(u32),
          ...padded(plan.batch),
          ...padded(plan.aBatch),
          ...padded(plan.bBatch),
        ],
      },
    ];
  },
};
