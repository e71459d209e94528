import { isContiguous, type ProgramCall } from '@hybra/spec';
import type { DeviceFacts, Dispatch, WebGpuKernel } from '../../kernel.js';
import { refusal, unsupported } from '../accept.js';
import { chunkedOperand, type GemvAround, gemvDispatch, isChunked, mostGemvRows } from './gemv.js';
import { chunkView, elementsPerChunk } from './gemv-weights.js';
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
  build: (call, { facts }) => [quantizedRows(call, facts, undefined)],
};

/** The dispatch of a supported call, alone or in a fused call that begins with its inputs. */
export function quantizedRows(
  call: ProgramCall,
  facts: DeviceFacts,
  residual: number | undefined,
  around: GemvAround = {},
): Dispatch {
  const format = formatOfCodes(call);
  const [x, codes] = call.inputs as [ProgramCall['inputs'][0], ProgramCall['inputs'][0]];
  return gemvDispatch(
    format,
    sizesOfCodes(call),
    facts,
    {
      x: chunkedOperand('x', 0, x, 'vec4<f32>'),
      weight: chunkedOperand('weight', 1, codes, chunkView(format)),
      scales: 2,
      hasHalfScales: call.inputs[2]!.dtype === 'f16',
      zeros: format.hasZeros ? 3 : undefined,
      residual,
    },
    around,
  );
}
