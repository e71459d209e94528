import type { DType, OpCall, ProgramCall } from '@hybra/spec';
import type { DeviceFacts, Dispatch, WebGpuKernel } from '../../kernel.js';
import { unsupported } from '../accept.js';
import {
  chunkedOperand,
  chunkView,
  type GemvAround,
  type GemvSizes,
  gemvDispatch,
  gemvDispatches,
  gemvParts,
  isChunked,
  mostGemvRows,
} from './gemv.js';
import type { WeightFormat } from './gemv-weights.js';
import { matmulRefusal, planMatmul } from './matmul-plan.js';

/**
 * A few rows times a matrix whose columns lie along k (`transposeB`), as in decoding: bound by reading it, 16 bytes
 * at a time. Half weights are widened in registers.
 */
export const matmulRowsKernel: WebGpuKernel = {
  name: 'webgpu/matmul-rows',
  op: 'matmul',
  supports: (call) => {
    const refused = matmulRefusal(call);
    if (refused) return refused;
    if (call.outputs[0]!.dtype !== 'f32') return unsupported('matmul-rows: a 16-bit result');
    const { M, aK, bK } = planMatmul(call);
    if (M === 0 || M > mostGemvRows) return unsupported(`matmul-rows: ${M} rows, not 1 … ${mostGemvRows}`);
    const [x, weight] = call.inputs as ProgramCall['inputs'];
    if (aK !== 1 || bK !== 1 || !isChunked(formatOf(call), sizesOf(call), x!, weight!)) {
      return unsupported('matmul-rows: rows that no 16 bytes fit');
    }
    return { supported: true, acceptsStrided: true };
  },
  splitInput: 1,
  build: (call, { facts }) => {
    const [x, weight] = call.inputs as [ProgramCall['inputs'][0], ProgramCall['inputs'][0]];
    const format = formatOf(call);
    const inputs = {
      x: chunkedOperand('x', 0, x, 'vec4<f32>'),
      weight: chunkedOperand('weight', 1, weight, chunkView(format)),
    };
    return gemvDispatches(format, sizesOf(call), facts, inputs, weight);
  },
};

/** Whether one binding covers the weight, so that the product can be a part of a fused call. */
export function isMatmulWhole(call: ProgramCall, facts: DeviceFacts): boolean {
  return gemvParts(formatOf(call), sizesOf(call), facts, call.inputs[1]!)[0] === undefined;
}

/**
 * The dispatch of a supported product in a fused call.
 * @param places of x, the weight and the residual among the fused call's inputs
 */
export function matmulRows(
  product: ProgramCall,
  facts: DeviceFacts,
  places: { readonly x: number; readonly weight: number; readonly residual?: number | undefined },
  around: GemvAround,
): Dispatch {
  const format = formatOf(product);
  const [x, weight] = product.inputs as [ProgramCall['inputs'][0], ProgramCall['inputs'][0]];
  const operands = {
    x: chunkedOperand('x', places.x, x, 'vec4<f32>'),
    weight: chunkedOperand('weight', places.weight, weight, chunkView(format)),
    residual: places.residual,
  };
  return gemvDispatch(format, sizesOf(product), facts, operands, around);
}

function formatOf(call: OpCall): WeightFormat {
  return { kind: 'dense', dtype: call.inputs[1]!.dtype as Extract<DType, 'f32' | 'f16' | 'bf16'> };
}

function sizesOf(call: OpCall): GemvSizes {
  return planMatmul(call);
}
