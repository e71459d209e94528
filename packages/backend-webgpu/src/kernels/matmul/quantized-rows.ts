import { isContiguous, type ProgramCall } from '@hybra/spec';
import type { DeviceFacts, Dispatch, WebGpuKernel } from '../../kernel.js';
import { refusal, unsupported } from '../accept.js';
import {
  chunkedOperand,
  type GemvAround,
  type GemvInputs,
  type GemvSizes,
  gemvDispatch,
  gemvDispatches,
  gemvParts,
  isChunked,
  mostGemvRows,
} from './gemv.js';
import { chunkView, elementsPerChunk, type WeightFormat } from './gemv-weights.js';
import { formatOfCodes, sizesOfCodes } from './quantized-plan.js';

/**
 * A few rows times a quantised matrix, as in decoding: codes are read 16 bytes at a time and widened in registers;
 * scale and zero point of a block meet the sums of its columns.
 */
export const quantizedRowsKernel: WebGpuKernel = {
  name: 'webgpu/quantized-rows',
  op: 'quantizedMatmul',
  supports: (call) => {
    const refused = refusal(call, [['f32'], ['i8', 'u8'], ['f32', 'f16']], [['f32']]);
    if (refused) return refused;
    const { M } = sizesOfCodes(call);
    if (M === 0 || M > mostGemvRows) return unsupported(`quantized-rows: ${M} rows, not 1 … ${mostGemvRows}`);
    const format = formatOfCodes(call);
    const [x, codes, ...scales] = call.inputs as ProgramCall['inputs'];
    const isFit =
      x!.strides[1] === 1 &&
      codes!.strides[1] === 1 &&
      format.blockSize % elementsPerChunk(format) === 0 &&
      isChunked(format, sizesOfCodes(call), x!, codes!) &&
      codes!.strides[0] === codes!.shape[1] &&
      codes!.offset === 0 &&
      scales.every((operand) => isContiguous(operand));
    return isFit
      ? { supported: true, acceptsStrided: true }
      : unsupported('quantized-rows: blocks or rows that no 16 bytes fit');
  },
  splitInput: 1,
  build: (call, { facts }) => {
    const { format, sizes, inputs } = partsOf(call);
    return gemvDispatches(format, sizes, facts, inputs, call.inputs[1]!);
  },
};

/** Whether one binding covers the codes, so that the product can be a part of a fused call. */
export function isQuantizedWhole(call: ProgramCall, facts: DeviceFacts): boolean {
  const { format, sizes } = partsOf(call);
  return gemvParts(format, sizes, facts, call.inputs[1]!)[0] === undefined;
}

/** The dispatch of a supported call in a fused call that begins with its inputs. */
export function quantizedRows(
  call: ProgramCall,
  facts: DeviceFacts,
  residual: number | undefined,
  around: GemvAround,
): Dispatch {
  const { format, sizes, inputs } = partsOf(call);
  return gemvDispatch(format, sizes, facts, { ...inputs, residual }, around);
}

function partsOf(call: ProgramCall): {
  readonly format: Extract<WeightFormat, { kind: 'codes' }>;
  readonly sizes: GemvSizes;
  readonly inputs: GemvInputs;
} {
  const format = formatOfCodes(call);
  const [x, codes] = call.inputs as [ProgramCall['inputs'][0], ProgramCall['inputs'][0]];
  const inputs = {
    x: chunkedOperand('x', 0, x, 'vec4<f32>'),
    weight: chunkedOperand('weight', 1, codes, chunkView(format)),
    scales: 2,
    hasHalfScales: call.inputs[2]!.dtype === 'f16',
    zeros: format.hasZeros ? 3 : undefined,
  };
  return { format, sizes: sizesOfCodes(call), inputs };
}
