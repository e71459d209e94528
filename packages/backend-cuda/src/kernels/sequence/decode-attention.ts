import type { OpCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { takesWindows } from '../../launch/windows.js';
import { anyElements, floats, refusal, unsupported } from '../accept.js';
import { attentionSizes } from './attention-parameters.js';
import { spanBytes, spansOf, splitAttention } from './split-attention.js';

/** Bytes that a lane reads at a time. */
const word = 16;
const elements = { f32: 4, bf16: 8 } as const;
const lanesOfRow: readonly number[] = [4, 8, 16, 32];
const queriesOfKey: readonly number[] = [1, 2, 4, 8];
/** Blocks that the device holds at once: more of them where fewer queries need fewer registers. */
const enoughBlocks = (group: number): number => 132 * (group > 1 ? 4 : 8);
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
    return {
      supported: true,
      acceptsStrided: takesWindows(call, { 0: 3 }),
      scratchBytes: spanBytes(call, splitsOf(call)),
    };
  },
  plan: (call) => {
    const { B, Hq, Hkv, D, Dv } = attentionSizes(call);
    if (B * Hq * Dv === 0) return [];
    const splits = splitsOf(call);
    const dtype = call.inputs[1]!.dtype as keyof typeof elements;
    return splitAttention(call, splits, {
      module: 'attention-decode',
      entry: `attention_decode_${dtype}_${D / elements[dtype]}_${Hq / Hkv}`,
      grid: [splits, Hkv, B],
    });
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

function splitsOf(call: OpCall): number {
  const { B, Hq, Hkv } = attentionSizes(call);
  return spansOf(call, enoughBlocks(Hq / Hkv), B * Hkv, mostSplits);
}
