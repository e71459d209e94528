import { formatType, type HostArray, isHalf, type OpCall } from '@hybra/spec';
import type { CpuKernel, KernelRun } from '../../kernel.js';
import { halfRuns } from '../../numbers/half-runs.js';
import { unsupported } from '../accept.js';
import { withHalves } from '../with-halves.js';

/**
 * x · Wᵀ with W in blocks. One row of W is dequantised at a time, into scratch, and multiplied with every row
 * of x; sums are in doubles. Scales and zero points may be f16: they are widened with their row.
 */
export const quantizedMatmulKernel: CpuKernel = withHalves(
  {
    name: 'cpu/quantized-matmul',
    op: 'quantizedMatmul',
    supports: (call) => {
      const [x, codes, scales, zeros] = call.inputs.map((type) => type.dtype);
      const areCodes = codes === (call.attributes.bits === 4 ? 'u8' : 'i8');
      const areScales = scales === 'f32' || scales === 'f16';
      if (x !== 'f32' || !areCodes || !areScales || (zeros !== undefined && zeros !== scales)) {
        return unsupported(`quantizedMatmul: no loop for ${call.inputs.map(formatType).join(' and ')}`);
      }
      const { K, blocks } = planQuantized(call);
      return { supported: true, scratchBytes: 4 * (K + 2 * blocks) };
    },
    build: quantizedRun,
  },
  { inputs: [2, 3] },
);

interface QuantizedPlan {
  readonly M: number;
  readonly K: number;
  readonly N: number;
  readonly blocks: number;
  readonly blockSize: number;
}

function planQuantized(call: OpCall): QuantizedPlan {
  const [M, K] = call.inputs[0]!.shape as [number, number];
  const [N, blocks] = call.inputs[2]!.shape as [number, number];
  return { M, K, N, blocks, blockSize: call.attributes.blockSize as number };
}

function quantizedRun(call: OpCall): KernelRun {
  const { M, K, N, blocks, blockSize } = planQuantized(call);
  const isNibbles = call.attributes.bits === 4;
  const isHalfScale = isHalf(call.inputs[2]!.dtype);
  const implied = isNibbles ? 8 : 0;

  return ([x, codes, scales, zeros], [y], scratch) => {
    const row = scratch.floats;
    const perBlock = (source: HostArray, n: number, to: number): void => {
      if (isHalfScale) halfRuns.f16.decode(source as Uint16Array, n * blocks, scratch.words, to, blocks);
      else for (let block = 0; block < blocks; block++) row[to + block] = source[n * blocks + block]!;
    };
    for (let n = 0; n < N; n++) {
      perBlock(scales!, n, K);
      if (zeros) perBlock(zeros, n, K + blocks);
      for (let block = 0; block < blocks; block++) {
        const scale = row[K + block]!;
        const zero = zeros ? row[K + blocks + block]! : implied;
        const first = block * blockSize;
        const last = first + blockSize;
        for (let k = first; k < last; k++) {
          row[k] = scale * (codeAt(codes!, n * K + k, isNibbles) - zero);
        }
      }
      for (let m = 0; m < M; m++) {
        let sum = 0;
        for (let k = 0; k < K; k++) sum += x![m * K + k]! * row[k]!;
        y![m * N + n] = sum;
      }
    }
  };
}

/** The code of element `index` of a row-major matrix with an even number of columns, or of bytes. */
function codeAt(codes: HostArray, index: number, isNibbles: boolean): number {
  if (!isNibbles) return codes[index]!;
  const byte = codes[index >>> 1]!;
  return (index & 1) === 0 ? byte & 15 : byte >>> 4;
}
