import { elementCount, type OpCall, type Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { carriedOrZeros } from '../../launch/carried-or-zeros.js';
import { joinGrid, joinThreads } from '../../launch/grid.js';
import { flag, i64, pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { takesWindows } from '../../launch/windows.js';
import { refusal, unsupported } from '../accept.js';

const threads = 64;
const [fewestTaps, mostTaps] = [2, 4];

/** Positions and channels of a thread of the form for four taps: `segment` of native/training.cu. */
const segment = 32;
const channelsPerThread = 4;
const tapsOfRows = 4;
const gridLimit = 65_535;

/** Segments of the positions that threads take apart, where all is aligned; else none. */
function segmentsOf(call: OpCall): number | undefined {
  const [x, weight, bias, tails, , , dy, dtails] = call.inputs;
  const [batch, time, channels] = x!.shape as [number, number, number];
  const places = [x!, bias!, tails!, dy!, ...(dtails ? [dtails] : [])].map(({ offset }) => offset);
  const strides = [x!, dy!].flatMap((each) => each.strides.slice(0, 2));
  const isAligned = [channels, ...places, ...strides].every((each) => each % channelsPerThread === 0);
  const segments = Math.ceil(time / segment);
  if (!isAligned || weight!.shape[1] !== tapsOfRows || Math.max(segments, batch) > gridLimit)
    return undefined;
  return segments;
}

/** Bytes of the sums of the weight's and the bias's gradients that each row of the batch, or segment of one, has. */
function partBytes(call: OpCall): number {
  const [batch, , channels] = call.inputs[0]!.shape as [number, number, number];
  return batch * (segmentsOf(call) ?? 1) * channels * (call.inputs[1]!.shape[1]! + 1) * 4;
}

/** Gradients of `causalConv1d`: one walk over the positions, a thread for each channel of each row. */
export const convGradientKernel: CudaKernel = {
  name: 'cuda/causal-conv-gradient',
  op: 'causalConv1dGradient',
  supports: (call) => {
    const f32s = ['f32'] as const;
    const refused = refusal(call, [f32s, f32s, f32s, f32s, ['i32'], ['i32'], f32s, f32s]);
    if (refused) return refused;
    const taps = call.inputs[1]!.shape[1]!;
    if (taps < fewestTaps || taps > mostTaps) return unsupported(`causalConv1dGradient: ${taps} taps`);
    if (elementCount(call.inputs[0]!.shape) === 0) return unsupported('causalConv1dGradient: no elements');
    return {
      supported: true,
      acceptsStrided: takesWindows(call, { 0: 2, 6: 2 }),
      scratchBytes: partBytes(call),
    };
  },
  plan: (call) => {
    const [x, weight, bias, tails, slots, lengths, dy, dtails] = call.inputs as readonly Operand[];
    const [dx, dweight, dbias, newTails] = call.outputs as readonly Operand[];
    const [batch, time, channels] = x!.shape as [number, number, number];
    const taps = weight!.shape[1]!;
    const parts = scratchOf(call);
    const segments = segmentsOf(call);
    // Slots that no row of the batch has keep what arrives there.
    const before = carriedOrZeros(dtails, newTails!);
    return [
      ...before,
      {
        kind: 'kernel',
        module: 'training',
        entry: segments === undefined ? `conv_gradient_${taps}` : `conv_gradient_rows_${taps}`,
        grid:
          segments === undefined
            ? [Math.ceil(channels / threads), batch, 1]
            : [Math.ceil(channels / channelsPerThread / threads), segments, batch],
        block: threads,
        parameters: [
          ...[x, weight, bias, tails, slots, lengths, dy, dtails, dx].map(pointer),
          pointerTo(parts),
          pointer(newTails),
          ...[batch, time, channels, tails!.shape[0]!].map(u32),
          flag(call.attributes.activation === 'silu'),
          u32(0),
          ...[x!.strides[0]!, x!.strides[1]!, dy!.strides[0]!, dy!.strides[1]!].map(i64),
        ],
      },
      {
        kind: 'kernel',
        module: 'training',
        entry: 'conv_gradient_join',
        grid: joinGrid(channels * (taps + 1)),
        block: joinThreads,
        parameters: [
          pointerTo(parts),
          pointer(dweight),
          pointer(dbias),
          u32(channels),
          u32(taps),
          u32(batch * (segments ?? 1)),
        ],
      },
    ];
  },
};
