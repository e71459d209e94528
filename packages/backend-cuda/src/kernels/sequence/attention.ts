import type { OpCall, Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { f32, flag, i64, type Launch, pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { takesWindows } from '../../launch/windows.js';
import { anyElements, floats, refusal, unsupported } from '../accept.js';

const maxHeadSize = 256;
const gridLimit = 65_535;
/** Blocks that fill the device several times over. */
const enoughBlocks = 132 * 8;
/** Positions below which a span of its own does not pay. */
const shortestSpan = 128;

/** Causal attention with grouped queries over a cache in pools, split over the keys where queries are few. */
export const attentionKernel: CudaKernel = {
  name: 'cuda/attention',
  op: 'attention',
  supports: (call) => {
    const refused = refusal(
      call,
      [floats, floats, floats, ['i32'], ['i32'], ['i32']],
      undefined,
      anyElements,
    );
    if (refused) return refused;
    const { B, T, Hq, D, Dv } = attentionSizes(call);
    if (Math.max(D, Dv) > maxHeadSize) return unsupported(`attention: heads larger than ${maxHeadSize}`);
    if (B * T > gridLimit) return unsupported(`attention: more than ${gridLimit} queries`);
    const splits = splitsOf(call);
    return {
      supported: true,
      acceptsStrided: takesWindows(call, { 0: 3 }),
      scratchBytes: splits > 1 ? B * T * Hq * splits * (Dv + 2) * 4 : 0,
    };
  },
  plan: (call) => {
    const [q, k, v, slots, starts, lengths] = call.inputs as readonly Operand[];
    const [y] = call.outputs;
    const { B, T, Hq, Hkv, D, Dv, S, C } = attentionSizes(call);
    if (B * T * Hq * Dv === 0) return [];
    const splits = splitsOf(call);
    const perLane = [1, 2, 4, 8].find((count) => count * 32 >= Math.max(D, Dv))!;
    const { window = 0, ring, scale } = call.attributes;
    const parts = splits > 1 ? scratchOf(call) : undefined;
    const attend: Launch = {
      kind: 'kernel',
      module: 'attention',
      entry: `attention_${perLane}`,
      grid: [splits, Hq, B * T],
      block: 128,
      parameters: [
        ...[q!, k!, v!].flatMap(typed),
        pointer(slots),
        pointer(starts),
        pointer(lengths),
        ...typed(y!),
        pointerTo(parts),
        ...[B, T, Hq, Hkv, D, Dv, S, C, window as number].map(u32),
        flag(ring === true),
        u32(splits),
        u32(0),
        f32(scale as number),
        u32(0),
        ...[0, 1, 2].map((axis) => i64(q!.strides[axis]!)),
      ],
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
        parameters: [pointerTo(parts), ...typed(y!), u32(queries), u32(splits), u32(Dv)],
      },
    ];
  },
};

/** Sizes of an attention over pools. */
export function attentionSizes(
  call: OpCall,
): Record<'B' | 'T' | 'Hq' | 'Hkv' | 'D' | 'Dv' | 'S' | 'C', number> {
  const [B, T, Hq, D] = call.inputs[0]!.shape as [number, number, number, number];
  const [S, C, Hkv] = call.inputs[1]!.shape as [number, number, number];
  return { B, T, Hq, Hkv, D, Dv: call.inputs[2]!.shape[3]!, S, C };
}

/** Spans that the keys of a query are cut into: by capacity, since lengths are known to the device alone. */
function splitsOf(call: OpCall): number {
  const { B, T, Hq, C } = attentionSizes(call);
  const queries = Math.max(B * T * Hq, 1);
  return Math.max(1, Math.min(Math.floor(enoughBlocks / queries), Math.floor(C / shortestSpan), 64));
}
