import type { OpCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { takesWindows } from '../../launch/windows.js';
import { anyElements, floats, refusal, unsupported } from '../accept.js';
import { attentionSizes } from './attention-parameters.js';
import { spanBytes, spansOf, splitAttention } from './split-attention.js';

const maxHeadSize = 256;
const gridLimit = 65_535;
/** Blocks that fill the device several times over. */
const enoughBlocks = 132 * 8;
const mostSplits = 64;

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
    const { B, T, D, Dv } = attentionSizes(call);
    if (Math.max(D, Dv) > maxHeadSize) return unsupported(`attention: heads larger than ${maxHeadSize}`);
    if (B * T > gridLimit) return unsupported(`attention: more than ${gridLimit} queries`);
    return {
      supported: true,
      acceptsStrided: takesWindows(call, { 0: 3 }),
      scratchBytes: spanBytes(call, splitsOf(call)),
    };
  },
  plan: (call) => {
    const { B, T, Hq, D, Dv } = attentionSizes(call);
    if (B * T * Hq * Dv === 0) return [];
    const splits = splitsOf(call);
    const perLane = [1, 2, 4, 8].find((count) => count * 32 >= Math.max(D, Dv))!;
    return splitAttention(call, splits, {
      module: 'attention',
      entry: `attention_${perLane}`,
      grid: [splits, Hq, B * T],
    });
  },
};

function splitsOf(call: OpCall): number {
  const { B, T, Hq } = attentionSizes(call);
  return spansOf(call, enoughBlocks, B * T * Hq, mostSplits);
}
