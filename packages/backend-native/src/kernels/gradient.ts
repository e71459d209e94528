import type { DType } from '@hybra/spec';
import { type Rule, refusal, takesWindows } from './rule.js';

const f32: readonly DType[] = ['f32'];
const i32: readonly DType[] = ['i32'];

const epsilon = ({ attributes }: Parameters<NonNullable<Rule['attributes']>>[0]): number =>
  attributes.epsilon as number;

/** Gradients of fused ops and the optimiser's step, in float32. Those that follow a split take windows. */
export const gradientRules = {
  sumOfSquares: { answer: (call) => refusal(call, [f32]) ?? {} },
  rmsNormGradient: {
    answer: (call) => refusal(call, [f32]) ?? {},
    attributes: (call) => [epsilon(call)],
  },
  gatedRmsNormGradient: {
    answer: (call) => refusal(call, [f32]) ?? takesWindows(call, { 0: 1, 1: 1, 3: 1 }),
    attributes: (call) => [
      epsilon(call),
      call.attributes.groups as number,
      call.attributes.normBeforeGate === true ? 1 : 0,
    ],
  },
  crossEntropyGradient: { answer: (call) => refusal(call, [f32, i32, f32]) ?? { inPlace: [[0, 0]] } },
  causalConv1dGradient: {
    answer: (call) =>
      refusal(call, [f32, f32, f32, f32, i32, i32, f32]) ?? takesWindows(call, { 0: 1, 6: 1 }),
    attributes: ({ attributes }) => [attributes.activation === 'silu' ? 1 : 0],
  },
  selectiveScanGradient: {
    answer: (call) =>
      refusal(call, [f32, f32, f32, f32, f32, f32, i32, f32]) ??
      takesWindows(call, { 0: 1, 1: 1, 3: 1, 4: 1, 7: 1 }),
  },
  ssdChunkScanGradient: {
    answer: (call) =>
      refusal(call, [f32, f32, f32, f32, f32, f32, i32, f32]) ??
      takesWindows(call, { 0: 1, 1: 1, 3: 1, 4: 1, 7: 1 }),
  },
  attentionGradient: {
    answer: (call) => refusal(call, [f32, f32, f32, i32, i32, i32, f32]) ?? {},
    attributes: ({ attributes }) => [
      attributes.scale as number,
      attributes.window as number,
      attributes.ring === true ? 1 : 0,
    ],
  },
  adamwStep: {
    answer: (call) =>
      refusal(call, [f32]) ?? {
        inPlace: [
          [0, 0],
          [1, 1],
          [2, 2],
        ],
      },
    attributes: ({ attributes }) =>
      ['beta1', 'beta2', 'epsilon', 'decay'].map((name) => attributes[name] as number),
  },
} as const satisfies Record<string, Rule>;
