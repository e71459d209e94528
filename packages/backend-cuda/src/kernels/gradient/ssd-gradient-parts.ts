import type { OpCall, Operand } from '@hybra/spec';
import type { CudaSupport } from '../../kernel.js';
import { joinGrid, joinThreads } from '../../launch/grid.js';
import { type Launch, type Place, pointer, pointerTo, u32 } from '../../launch/launch.js';
import { refusal, unsupported } from '../accept.js';
import { sizesOf } from '../sequence/ssd.js';

/** Largest heads and states that both kernels of the scan's gradient are compiled for. */
const forms = [
  { P: 32, N: 64 },
  { P: 64, N: 64 },
  { P: 64, N: 128 },
] as const;

/** What a kernel is compiled for. */
export type SsdGradientForm = (typeof forms)[number];

/** Rows of a batch that a grid can have. */
export const gridLimit = 65_535;

/** Inputs whose last axes alone are contiguous, and how many axes before those have strides. */
export const gradientWindows = { 0: 2, 1: 2, 3: 2, 4: 2, 7: 2 } as const;

/** The smallest form that has room for a call's heads and states. */
export function formOf(call: OpCall): SsdGradientForm | undefined {
  const [, , , P, , N] = sizesOf(call);
  return forms.find((form) => P <= form.P && N <= form.N);
}

/** Bytes rounded up, so that what follows them in the scratch is aligned for any kernel. */
export function aligned(bytes: number): number {
  return Math.ceil(bytes / 256) * 256;
}

/** Why both kernels refuse a call, by dtypes and sizes. */
export function ssdGradientRefusal(call: OpCall): CudaSupport | undefined {
  const f32s = ['f32'] as const;
  const refused = refusal(call, [f32s, f32s, f32s, f32s, f32s, f32s, ['i32'], f32s, f32s]);
  if (refused) return refused;
  return formOf(call) ? undefined : unsupported('ssdChunkScanGradient: heads above 64 or states above 128');
}

/** Sums the parts of dA, `[parts, H]`. */
export function joinRates(ratesAt: Place | undefined, dA: Operand, parts: number): Launch {
  const heads = dA.shape[0]!;
  return {
    kind: 'kernel',
    module: 'training',
    entry: 'join_parts',
    grid: joinGrid(heads),
    block: joinThreads,
    parameters: [pointerTo(ratesAt), pointer(dA), u32(heads), u32(parts)],
  };
}
