import type { WebGpuKernel } from '../../kernel.js';
import { unsupported } from '../accept.js';
import { blockedDispatches, blockedSupport } from './blocked.js';
import type { WeightFormat } from './gemv-weights.js';
import { matmulRefusal, planMatmul } from './matmul-plan.js';
import { matrixTile, matrixUnit, matrixUnitCode, matrixUnitDepth } from './matrix-unit-code.js';

/**
 * Many rows times a matrix of 16-bit weights on the matrix units, where the device was opened for it: operands are
 * rounded to float16, and sums are float32. Largest relative error of a product of K terms is about 2⁻¹¹ √K of
 * its terms.
 */
export const matmulMatrixUnitsKernel: WebGpuKernel = {
  name: 'webgpu/matmul-matrix-units',
  op: 'matmul',
  supports: (call, facts) => {
    if (facts.usesMatrixUnits !== true) return unsupported('matmul-matrix-units: not opened for them');
    const refused = matmulRefusal(call);
    if (refused) return refused;
    const plan = planMatmul(call);
    const { dtype } = call.inputs[1]!;
    const isWhole = plan.M % matrixUnit === 0 && plan.N % matrixUnit === 0 && plan.K % matrixUnitDepth === 0;
    if (!isWhole || (dtype !== 'f16' && dtype !== 'bf16')) {
      return unsupported(`matmul-matrix-units: weights of ${dtype}, or no whole tiles of ${matrixUnit}`);
    }
    return blockedSupport(call, { kind: 'dense', dtype }, plan, plan, facts, {
      ...matrixTile(plan.M, facts),
      depth: matrixUnitDepth,
    });
  },
  splitInput: 1,
  build: (call, { facts }) => {
    const dtype = call.inputs[1]!.dtype as 'f16' | 'bf16';
    const format: WeightFormat = { kind: 'dense', dtype };
    const plan = planMatmul(call);
    const tile = matrixTile(plan.M, facts);
    return blockedDispatches(call.inputs, format, plan, facts, {
      ...tile,
      depth: matrixUnitDepth,
      code: (isSplit) => matrixUnitCode(dtype, tile, isSplit),
    });
  },
};
