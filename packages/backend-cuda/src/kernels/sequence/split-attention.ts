import type { OpCall, ProgramCall } from '@hybra/spec';
import { typed } from '../../launch/dtype-code.js';
import { type Launch, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { attentionNumbers, attentionOperands, attentionSizes } from './attention-parameters.js';

/** Positions below which a span of its own does not pay. */
const shortestSpan = 128;

/**
 * Spans that the keys of a query are cut into: by capacity, since lengths are known to the device alone.
 * @param enough blocks that fill the device @param blocks those of one span @param most spans
 */
export function spansOf(call: OpCall, enough: number, blocks: number, most: number): number {
  const { C } = attentionSizes(call);
  const wanted = Math.floor(enough / Math.max(blocks, 1));
  return Math.max(1, Math.min(wanted, Math.floor(C / shortestSpan), most));
}

/** Scratch for sum, largest score and total of every query in every span. */
export function spanBytes(call: OpCall, splits: number): number {
  const { B, T, Hq, Dv } = attentionSizes(call);
  return splits > 1 ? B * T * Hq * splits * (Dv + 2) * 4 : 0;
}

/** Launches of an attention kernel over spans of the keys, and of the one that joins them. */
export function splitAttention(
  call: ProgramCall,
  splits: number,
  kernel: Pick<Extract<Launch, { kind: 'kernel' }>, 'module' | 'entry' | 'grid'>,
): readonly Launch[] {
  const { B, T, Hq, Dv } = attentionSizes(call);
  const parts = splits > 1 ? scratchOf(call) : undefined;
  const attend: Launch = {
    kind: 'kernel',
    ...kernel,
    block: 128,
    parameters: [...attentionOperands(call), pointerTo(parts), ...attentionNumbers(call, splits)],
  };
  if (splits === 1) return [attend];
  const queries = B * T * Hq;
  return [
    attend,
    {
      kind: 'kernel',
      module: 'attention',
      entry: 'attention_join',
      grid: [queries, 1, 1],
      block: Math.min(32 * Math.ceil(Dv / 32), 256),
      parameters: [pointerTo(parts), ...typed(call.outputs[0]!), u32(queries), u32(splits), u32(Dv)],
    },
  ];
}
