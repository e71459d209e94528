import type { Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { f32, type Launch, pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { refusal, unsupported } from '../accept.js';
import { attentionSizes } from '../sequence/attention-parameters.js';

const side = 64;
const threads = 128;
const pad = 8;
const widths = [32, 64, 128] as const;
const gridLimit = 65_535;

/**
 * Gradients of causal attention on the tensor cores, operands of products rounded to bfloat16: relative errors of some
 * 3e-3. See native/attention-gradient.cu. Rings and values of another size than keys are left to the decomposition.
 */
export const roundedAttentionGradientKernel: CudaKernel = {
  name: 'cuda/attention-gradient-rounded',
  op: 'attentionGradient',
  supports: (call) => {
    const f32s = ['f32'] as const;
    const i32s = ['i32'] as const;
    const refused = refusal(call, [f32s, f32s, f32s, i32s, i32s, i32s, f32s]);
    if (refused) return refused;
    const { B, T, Hq, Hkv, D, Dv, S } = attentionSizes(call);
    const [q, k, v, , , , dy] = call.inputs;
    const isAligned = [q!, k!, v!, dy!].every(({ offset }) => offset % 4 === 0) && D % 4 === 0;
    if (call.attributes.ring === true || D !== Dv || D > widths.at(-1)! || !isAligned)
      return unsupported('attentionGradient: a ring, or heads of sizes that the kernel does not take');
    if ([...q!.shape, ...k!.shape].includes(0) || Math.max(B, Hq, Hkv, S) > gridLimit)
      return unsupported('attentionGradient: no elements, or too many rows or heads');
    return { supported: true, scratchBytes: 2 * B * Hq * T * 4 };
  },
  plan: (call) => {
    const [q, k, v, slots, starts, lengths, dy] = call.inputs as readonly Operand[];
    const [dq, dk, dv] = call.outputs as readonly Operand[];
    const { B, T, Hq, Hkv, D, S, C } = attentionSizes(call);
    const { window = 0, scale } = call.attributes as { readonly window?: number; readonly scale: number };
    const width = widths.find((each) => D <= each)!;
    const tiles = 4 * side * (width + pad) * 2;
    const sums = [0, 1].map((index) => pointerTo(scratchOf(call, index * B * Hq * T * 4)));
    const read = [q, k, v, slots, starts, lengths, dy].map(pointer);
    const sizes = [...[B, T, Hq, Hkv, D, S, C, window].map(u32), f32(scale), u32(0)];
    const base = { kind: 'kernel', module: 'attention-gradient', block: threads } as const;
    const launches: readonly Launch[] = [
      {
        ...base,
        entry: `attention_gradient_queries_${width}`,
        grid: [Math.ceil(T / side), Hq, B],
        sharedBytes: tiles,
        parameters: [...read, pointer(dq), ...sums, ...sizes],
      },
      {
        ...base,
        entry: `attention_gradient_keys_${width}`,
        grid: [Math.ceil(C / side), Hkv, S],
        sharedBytes: tiles + 2 * side * 4,
        parameters: [...read, ...sums, pointer(dk), pointer(dv), ...sizes],
      },
    ];
    return launches;
  },
};
