import type { ProgramCall } from '@hybra/spec';
import { typed } from '../../launch/dtype-code.js';
import { flag, i64, type Launch, pointer, u32 } from '../../launch/launch.js';
import { isAllF32 } from '../accept.js';

const channelsPerThread = 4;
const threads = 128;
const positions = 16;
const gridLimit = 65_535;

/** The launch that computes the outputs over many positions, channels by fours; `undefined` where that cannot be. */
export function planConvRows({ inputs, outputs, attributes }: ProgramCall): Launch | undefined {
  const [x, weight, bias, tails, slots] = inputs;
  const [y] = outputs;
  const [batch, time, channels] = x!.shape as [number, number, number];
  const taps = weight!.shape[1]!;
  const starts = [x!.offset, bias!.offset, tails!.offset, y!.offset, ...x!.strides.slice(0, 2)];
  const isAligned =
    channels % channelsPerThread === 0 && starts.every((each) => each % channelsPerThread === 0);
  if (!isAllF32([x!, weight!, bias!, tails!]) || !isAligned || taps < 2 || taps > 4) return undefined;
  if (batch > gridLimit || Math.ceil(time / positions) > gridLimit) return undefined;
  return {
    kind: 'kernel',
    module: 'conv-rows',
    entry: `conv_rows_${taps}`,
    grid: [Math.ceil(channels / channelsPerThread / threads), Math.ceil(time / positions), batch],
    block: threads,
    parameters: [
      ...[x, weight, bias, tails, slots].map(pointer),
      ...typed(y!),
      ...[batch, time, channels, tails!.shape[0]!].map(u32),
      flag(attributes.activation === 'silu'),
      u32(0),
      i64(x!.strides[0]!),
      i64(x!.strides[1]!),
    ],
  };
}
