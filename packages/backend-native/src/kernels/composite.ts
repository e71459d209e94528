import type { DType, OpCall } from '@hybra/spec';
import { computed, type Rule, refusal, takesWindows } from './rule.js';

const i32: readonly DType[] = ['i32'];

function epsilon({ attributes }: OpCall): number {
  return attributes.epsilon as number;
}

const rows: Rule = { answer: (call) => refusal(call, [computed]) ?? { inPlace: [[0, 0]] } };

/** Norms, softmax, the loss and sampling. */
export const compositeRules = {
  softmax: rows,
  logSoftmax: rows,
  rmsNorm: { ...rows, attributes: (call) => [epsilon(call)] },
  layerNorm: { ...rows, attributes: (call) => [epsilon(call)] },
  gatedRmsNorm: {
    answer: (call) => refusal(call, [computed]) ?? takesWindows(call, { 0: 1, 1: 1 }),
    attributes: (call) => [
      epsilon(call),
      (call.attributes.groups as number | undefined) ?? 1,
      call.attributes.normBeforeGate === true ? 1 : 0,
    ],
  },
  crossEntropy: { answer: (call) => refusal(call, [computed, i32]) ?? {} },
  topK: { answer: (call) => refusal(call, [computed]) ?? {} },
  sample: { answer: (call) => refusal(call, [['f32'], ['f32'], i32, ['u32']]) ?? {} },
} as const satisfies Record<string, Rule>;
