import type { OpCall, Operand, ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { f32, flag, i64, type Launch, pointer, u32 } from '../../launch/launch.js';
import type { ProductWeight } from '../../launch/step.js';
import { unsupported } from '../accept.js';
import { type AroundProduct, productStep } from './product-step.js';

/** Most rows of x; with more the weight is better dequantised once. */
const maxRows = 8;
/** Bytes of shared memory for the rows of x. */
const sharedLimit = 160 * 1024;
const warps = 4;
const outputsPerWarp = 2;

/** A product of few rows with a weight in blocks of 8 or 4 bits: every code is read once. */
export const quantizedGemvKernel: CudaKernel = {
  name: 'cuda/quantized-gemv',
  op: 'quantizedMatmul',
  supports: (call) => {
    const reason = refusalOf(call);
    return reason === undefined ? { supported: true } : unsupported(`quantizedMatmul: ${reason}`);
  },
  plan: (call) => planQuantizedGemv(call),
};

function refusalOf(call: OpCall): string | undefined {
  const [x, , scales, zeros] = call.inputs;
  const { bits, blockSize } = call.attributes as { readonly bits: number; readonly blockSize: number };
  const [M, K] = x!.shape as [number, number];
  if (x!.dtype !== 'f32') return `x is ${x!.dtype}, not f32`;
  if (scales!.dtype !== 'f16' || (zeros && zeros.dtype !== 'f16')) return 'scales are not f16';
  if (M > maxRows) return `more than ${maxRows} rows`;
  // A lane reads 16 bytes of codes at a time, which share a scale.
  const codesPerLane = 128 / bits;
  if (K === 0 || blockSize % codesPerLane !== 0) return `blocks of ${blockSize} codes of ${bits} bits`;
  if (paddedRows(M) * K * 4 > sharedLimit) return 'rows of x exceed the shared memory';
  return undefined;
}

function paddedRows(M: number): number {
  return M <= 1 ? 1 : M <= 2 ? 2 : M <= 4 ? 4 : 8;
}

/** Launches of one product; what is computed around it comes from a fusion. */
export function planQuantizedGemv(call: ProgramCall, around: AroundProduct = {}): readonly Launch[] {
  const [x, codes, scales, zeros] = call.inputs as [Operand, Operand, Operand, Operand | undefined];
  const { bits, blockSize } = call.attributes as { readonly bits: number; readonly blockSize: number };
  const y = around.y ?? call.outputs[0]!;
  const [M, K] = x.shape as [number, number];
  const N = codes.shape[0]!;
  if (M === 0 || N === 0) return [];
  const rows = paddedRows(M);
  const { prologue } = around;
  const gated = prologue?.kind === 'gated' ? prologue : undefined;
  const way = prologue === undefined ? 0 : gated ? 2 : 1;
  const weight: ProductWeight = { kind: bits === 8 ? 'q8' : 'q4', codes, scales, zeros };
  return [
    {
      kind: 'kernel',
      module: 'quantized-gemv',
      entry: `quantized_gemv_b${bits}_m${rows}_p${way}`,
      grid: [Math.ceil(N / (warps * outputsPerWarp)), 1, 1],
      block: warps * 32,
      sharedBytes: rows * K * 4,
      overlaps: { constant: codes.buffer },
      parameters: [
        ...[around.x ?? x, codes, scales, zeros, y, around.residual].map(pointer),
        u32(N),
        u32(K),
        u32(blockSize),
        i64(around.xStride ?? K),
        u32(M),
        pointer(gated?.gate),
        pointer(prologue?.weight),
        i64(gated?.gateStride ?? 0),
        u32(gated ? K / gated.groups : K),
        f32(prologue?.epsilon ?? 0),
        flag(gated?.isGatedFirst ?? false),
      ],
      step:
        M === 1 && blockSize === 32 && [codes, scales, zeros].every((each) => (each?.offset ?? 0) % 16 === 0)
          ? productStep({ x: around.x ?? x, weight, y, N, K, rowsAligned: K % 256 === 0 }, around)
          : undefined,
    },
  ];
}
