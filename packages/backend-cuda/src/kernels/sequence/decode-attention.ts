import type { OpCall, Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { f32, flag, i64, type Launch, pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { takesWindows } from '../../launch/windows.js';
import { anyElements, floats, refusal, unsupported } from '../accept.js';
import { attentionSizes } from './attention.js';

/** Bytes that a lane reads at a time. */
const word = 16;
const elements = { f32: 4, bf16: 8 } as const;
const lanesOfRow: readonly number[] = [4, 8, 16, 32];
const queriesOfKey: readonly number[] = [1, 2, 4, 8];
/** Blocks that the device holds at once: more of them where fewer queries need fewer registers. */
const enoughBlocks = (group: number): number => 132 * (group > 1 ? 4 : 8);
/** Positions below which a span of its own does not pay. */
const shortestSpan = 128;
const mostSplits = 128;

/**
 * Attention of one query a sequence, which reads keys and values once for all the heads that share them: see
 * native/attention-decode.cu. Split over the keys where sequences and key heads are few.
 */
export const decodeAttentionKernel: CudaKernel = {
  name: 'cuda/attention-decode',
  op: 'attention',
  supports: (call) => {
    const cached = ['f32', 'bf16'] as const;
    const refused = refusal(
      call,
      [floats, cached, cached, ['i32'], ['i32'], ['i32']],
      undefined,
      anyElements,
    );
    if (refused) return refused;
    const reason = refusalOf(call);
    if (reason !== undefined) return unsupported(`attention-decode: ${reason}`);
    const { B, Hq, Dv } = attentionSizes(call);
    const splits = splitsOf(call);
    return {
      supported: true,
      acceptsStrided: takesWindows(call, { 0: 3 }),
      scratchBytes: splits > 1 ? B * Hq * splits * (Dv + 2) * 4 : 0,
    };
  },
  plan: (call) => {
    const [q, k, v, slots, starts, lengths] = call.inputs as readonly Operand[];
    const [y] = call.outputs;
    const { B, T, Hq, Hkv, D, Dv, S, C } = attentionSizes(call);
    if (B * Hq * Dv === 0) return [];
    const splits = splitsOf(call);
    const { window = 0, ring, scale } = call.attributes;
    const parts = splits > 1 ? scratchOf(call) : undefined;
    const dtype = k!.dtype as keyof typeof elements;
    const attend: Launch = {
      kind: 'kernel',
      module: 'attention-decode',
      entry: `attention_decode_${dtype}_${D / elements[dtype]}_${Hq / Hkv}`,
      grid: [splits, Hkv, B],
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
    const queries = B * Hq;
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

function refusalOf(call: OpCall): string | undefined {
  const [, k, v] = call.inputs;
  const { B, T, Hq, Hkv, D, Dv } = attentionSizes(call);
  if (T !== 1) return 'more than one query a sequence';
  if (k!.dtype !== v!.dtype || D !== Dv) return 'keys and values of different dtypes or sizes';
  if (!queriesOfKey.includes(Hq / Hkv)) return `${Hq} query heads over ${Hkv} key heads`;
  const count = elements[k!.dtype as keyof typeof elements];
  if (!lanesOfRow.includes(D / count)) return `heads of ${D}`;
  if (D / count < Hq / Hkv) return 'more query heads to a key head than lanes to a row';
  if (B > 65_535 || Hkv > 65_535) return 'too many sequences or heads';
  const isAligned = [k!, v!].every(({ offset }) => offset % count === 0);
  return isAligned ? undefined : `keys or values do not begin at a multiple of ${word} bytes`;
}

/** Spans that the keys of a sequence are cut into: by capacity, since lengths are known to the device alone. */
function splitsOf(call: OpCall): number {
  const { B, Hq, Hkv, C } = attentionSizes(call);
  const blocks = Math.max(B * Hkv, 1);
  return Math.max(
    1,
    Math.min(Math.floor(enoughBlocks(Hq / Hkv) / blocks), Math.floor(C / shortestSpan), mostSplits),
  );
}
