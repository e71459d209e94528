import { byteLengthOf, type Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { carryOver, flag, i64, type Parameter, pointer, u32 } from '../../launch/launch.js';
import { takesWindows } from '../../launch/windows.js';
import { floats, isAllF32, refusal, unsupported } from '../accept.js';
import { planConvRows } from './conv-rows.js';

/** Most inputs of the past that a thread keeps: `maxTaps` of native/causal-conv.cu. */
const maxPast = 16;
/** Up to as many positions a thread computes alone, in one launch. */
const fewPositions = 4;
/** Up to as many taps of one position have a kernel of their own, with blocks of few threads: more blocks. */
const fewTaps = 4;
const oneThreads = 64;

/** Depthwise causal convolution with tails in a pool, updated in place. x may be strided but for its channels. */
export const causalConv1dKernel: CudaKernel = {
  name: 'cuda/causal-conv',
  op: 'causalConv1d',
  supports: (call) => {
    const refused = refusal(call, [floats, floats, floats, floats, ['i32'], ['i32']]);
    if (refused) return refused;
    if (call.inputs[1]!.shape[1]! - 1 > maxPast)
      return unsupported(`causalConv1d: more than ${maxPast + 1} taps`);
    return { supported: true, acceptsStrided: takesWindows(call, { 0: 2 }), inPlace: [[1, 3]] };
  },
  plan: (call) => {
    const { inputs, outputs, attributes } = call;
    const [x, weight, bias, tails, slots, lengths] = inputs as Operand[] & { readonly length: 6 };
    const [y, newTails] = outputs as [Operand, Operand];
    const [batch, time, channels] = x!.shape as [number, number, number];
    const carry = carryOver(tails!, newTails, byteLengthOf(tails!));
    if (batch * channels === 0) return carry;
    const suffix = isAllF32([x!, weight!, bias!, tails!]) ? 'f32' : 'any';
    const sizes: Parameter[] = [
      ...[batch, time, channels, weight!.shape[1]!, tails!.shape[0]!].map(u32),
      flag(attributes.activation === 'silu'),
      i64(x!.strides[0]!),
      i64(x!.strides[1]!),
    ];
    const base = { kind: 'kernel', module: 'causal-conv', block: elementThreads } as const;
    const read = [...typed(x!), ...typed(weight!), ...typed(bias!), ...typed(tails!), pointer(slots)];
    const isOne = time === 1 && weight!.shape[1]! <= fewTaps && suffix === 'f32' && y.dtype === 'f32';
    if (isOne) {
      return [
        ...carry,
        {
          ...base,
          entry: 'conv_one_f32',
          grid: [Math.ceil((batch * channels) / oneThreads), 1, 1],
          block: oneThreads,
          parameters: [x, weight, bias, tails, slots, lengths, y, newTails].map(pointer).concat(sizes),
          step:
            batch === 1
              ? {
                  op: 'conv',
                  ...{
                    x: x!,
                    weight: weight!,
                    bias: bias!,
                    tails: newTails,
                    slots: slots!,
                    lengths: lengths!,
                    y,
                  },
                  channels,
                  taps: weight!.shape[1]!,
                  slotCount: tails!.shape[0]!,
                  isSilu: attributes.activation === 'silu',
                }
              : undefined,
        },
      ];
    }
    if (time <= fewPositions) {
      return [
        ...carry,
        {
          ...base,
          entry: `conv_step_${suffix}`,
          grid: elementGrid(batch * channels),
          parameters: [...read, pointer(lengths), ...typed(y), ...typed(newTails), ...sizes],
        },
      ];
    }
    return [
      ...carry,
      planConvRows(call) ?? {
        ...base,
        entry: `conv_outputs_${suffix}`,
        grid: elementGrid(batch * time * channels),
        parameters: [...read, ...typed(y), ...sizes],
      },
      {
        ...base,
        entry: `conv_tails_${suffix}`,
        grid: elementGrid(batch * channels),
        parameters: [
          ...typed(x!),
          ...typed(tails!),
          pointer(slots),
          pointer(lengths),
          ...typed(newTails),
          ...sizes,
        ],
      },
    ];
  },
};
