import { byteLengthOf, elementCount, type OpCall, type Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { elementGrid, elementThreads, joinGrid, joinThreads } from '../../launch/grid.js';
import {
  carryOver,
  flag,
  i64,
  type Launch,
  pointer,
  pointerTo,
  scratchOf,
  u32,
} from '../../launch/launch.js';
import { takesWindows } from '../../launch/windows.js';
import { refusal, unsupported } from '../accept.js';

const threads = 64;
const [fewestTaps, mostTaps] = [2, 4];

/** Bytes of the sums that each row of the batch has of the weight's and the bias's gradients. */
function partBytes(call: OpCall): number {
  const [batch, , channels] = call.inputs[0]!.shape as [number, number, number];
  return batch * channels * (call.inputs[1]!.shape[1]! + 1) * 4;
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
    // Slots that no row of the batch has keep what arrives there.
    const before: readonly Launch[] = dtails
      ? carryOver(dtails, newTails!, byteLengthOf(dtails))
      : [
          {
            kind: 'kernel',
            module: 'move',
            entry: 'fill_4',
            grid: elementGrid(elementCount(newTails!.shape)),
            block: elementThreads,
            parameters: [pointer(newTails), i64(0), u32(elementCount(newTails!.shape))],
          },
        ];
    return [
      ...before,
      {
        kind: 'kernel',
        module: 'training',
        entry: `conv_gradient_${taps}`,
        grid: [Math.ceil(channels / threads), batch, 1],
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
          u32(batch),
        ],
      },
    ];
  },
};
