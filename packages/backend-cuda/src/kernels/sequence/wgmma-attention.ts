import type { OpCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { takesWindows } from '../../launch/windows.js';
import { floats, refusal, unsupported } from '../accept.js';
import { attentionNumbers, attentionOperands, attentionSizes } from './attention-parameters.js';

const panel = 64 * 128;
const queriesPerBlock = 128;
/** Fewer queries are better off split over the keys. */
const leastQueries = 32;
const maxHeadSize = 128;

/**
 * Attention of many queries on Hopper's tensor cores: see native/attention-wgmma.cu.
 * @param pieces bfloat16 pieces of a float32 operand of a product: 3 give float32 arithmetic, 1 rounds
 */
export function wgmmaAttentionKernel(pieces: 1 | 3): CudaKernel {
  return {
    name: pieces === 3 ? 'cuda/attention-wgmma' : 'cuda/attention-wgmma-rounded',
    op: 'attention',
    supports: (call) => {
      const refused = refusal(call, [floats, ['f32', 'bf16'], ['f32', 'bf16'], ['i32'], ['i32'], ['i32']]);
      if (refused) return refused;
      const reason = refusalOf(call);
      if (reason !== undefined) return unsupported(`attention-wgmma: ${reason}`);
      return { supported: true, acceptsStrided: takesWindows(call, { 0: 3 }) };
    },
    plan: (call) => {
      const { B, T, Hq, D, Dv } = attentionSizes(call);
      if (B * T * Hq * Dv === 0) return [];
      const width = Math.max(D, Dv) <= 64 ? 64 : maxHeadSize;
      const map = pieces * panel * (width / 64);
      const stages = pieces === 1 ? 3 : 1;
      return [
        {
          kind: 'kernel',
          module: 'attention-wgmma',
          entry: `attention_wgmma_${call.inputs[1]!.dtype}_${pieces}_${width}`,
          grid: [Math.ceil(T / queriesPerBlock), Hq, B],
          block: 384,
          sharedBytes: (stages + 1) * 2 * map + 1024,
          parameters: [...attentionOperands(call), ...attentionNumbers(call, 1)],
        },
      ];
    },
  };
}

function refusalOf(call: OpCall): string | undefined {
  const [, k, v] = call.inputs;
  const { T, D, Dv } = attentionSizes(call);
  if (T < leastQueries) return `fewer than ${leastQueries} queries`;
  if (Math.max(D, Dv) > maxHeadSize) return `heads larger than ${maxHeadSize}`;
  if (D % 8 !== 0 || Dv % 8 !== 0) return 'heads are no multiples of 8';
  if (k!.dtype !== v!.dtype) return 'keys and values of different dtypes';
  const word = k!.dtype === 'f32' ? 4 : 8;
  return k!.offset % word === 0 && v!.offset % word === 0 ? undefined : 'keys or values are not aligned';
}
