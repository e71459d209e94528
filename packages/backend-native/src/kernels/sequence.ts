import { type DType, isContiguous } from '@hybra/spec';
import { computed, type Rule, refusal, takesWindows } from './rule.js';

const i32: readonly DType[] = ['i32'];
/** Step sizes and decays are float32 by contract. */
const f32: readonly DType[] = ['f32'];

const scanTypes = [computed, f32, f32, computed, computed, computed, i32];
const states = 5;

/** Step sizes may have any strides where they are read one by one. */
function scan(windows: Readonly<Record<number, number>>): Rule {
  return {
    answer: (call) => refusal(call, scanTypes) ?? { ...takesWindows(call, windows), inPlace: [[1, states]] },
  };
}

/** Along the sequence: rotary embedding, attention, convolution, scans. Those that follow a split take windows. */
export const sequenceRules = {
  rope: {
    answer: (call) =>
      refusal(call, [computed, i32, f32]) ?? {
        ...takesWindows(call, { 0: 2 }),
        inPlace: isContiguous(call.inputs[0]!) ? [[0, 0]] : [],
      },
    attributes: ({ attributes }) => [attributes.interleaved === true ? 1 : 0],
  },
  attention: {
    answer: (call) => refusal(call, [computed, computed, computed, i32]) ?? {},
    attributes: ({ attributes }) => [
      attributes.scale as number,
      (attributes.window as number | undefined) ?? 0,
      attributes.ring === true ? 1 : 0,
    ],
  },
  causalConv1d: {
    answer: (call) =>
      refusal(call, [computed, computed, computed, computed, i32]) ?? {
        ...takesWindows(call, { 0: 1 }),
        inPlace: [[1, 3]],
      },
    attributes: ({ attributes }) => [attributes.activation === 'silu' ? 1 : 0],
  },
  segmentSum: { answer: (call) => refusal(call, [computed]) ?? {} },
  selectiveScan: scan({ 0: 1, 1: 1, 3: 1, 4: 1 }),
  selectiveStep: scan({ 0: 1, 1: 1, 3: 1, 4: 1 }),
  ssdChunkScan: scan({ 0: 1, 1: 1, 3: 1, 4: 1 }),
  ssdStep: scan({ 0: 1, 1: 1, 3: 1, 4: 1 }),
} as const satisfies Record<string, Rule>;
