import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../graph/tensor.js';
import { fill } from '../array/fill.js';
import { adamwStep } from './adamw-step.js';
import { attentionGradient } from './attention-gradient.js';
import { causalConv1dGradient } from './causal-conv1d-gradient.js';
import { crossEntropyGradient } from './cross-entropy-gradient.js';
import { rmsNormGradient } from './rms-norm-gradient.js';
import { ssdChunkScanGradient } from './ssd-chunk-scan-gradient.js';
import { sumOfSquares } from './sum-of-squares.js';

const zeros = (shape: readonly number[], dtype: Tensor['dtype'] = 'f32'): Tensor => fill(shape, 0, dtype);
const slots = zeros([2], 'i32');
const ssd = {
  x: zeros([2, 5, 4, 3]),
  dt: zeros([2, 5, 4]),
  A: zeros([4]),
  B: zeros([2, 5, 2, 6]),
  C: zeros([2, 5, 2, 6]),
  states: zeros([3, 4, 3, 6]),
  slots,
};
const convolution = {
  x: zeros([2, 5, 3]),
  weight: zeros([3, 4]),
  bias: zeros([3]),
  tails: zeros([3, 3, 3]),
  slots,
  lengths: slots,
};
const queries = {
  q: zeros([2, 5, 4, 8]),
  k: zeros([3, 9, 2, 8]),
  v: zeros([3, 9, 2, 6]),
  slots,
  starts: slots,
  lengths: slots,
};

describe('gradients refuse, on the caller’s stack,', () => {
  it.each([
    ['halves', () => sumOfSquares(zeros([3], 'f16')), 'E_DTYPE', /sumOfSquares: x is f16\[3\]/],
    [
      'a loss gradient in float64',
      () => crossEntropyGradient(zeros([2, 5]), slots, zeros([2], 'f64')),
      'E_DTYPE',
      /dloss is f64\[2\]/,
    ],
    [
      'an arriving gradient of another shape',
      () => rmsNormGradient(zeros([2, 5]), zeros([5]), zeros([2, 4]), { epsilon: 1e-5 }),
      'E_SHAPE',
      /x is f32\[2, 5\], dy is f32\[2, 4\]/,
    ],
    [
      'a negative epsilon',
      () => rmsNormGradient(zeros([2, 5]), zeros([5]), zeros([2, 5]), { epsilon: -1 }),
      'E_ARGUMENT',
      /epsilon is -1/,
    ],
    [
      'states of another dtype than x',
      () =>
        ssdChunkScanGradient({ ...ssd, states: zeros([3, 4, 3, 6], 'f64') }, { dy: ssd.x }, { chunkSize: 4 }),
      'E_DTYPE',
      /x is f32, states is f64/,
    ],
    [
      'gradients of states that are none',
      () => ssdChunkScanGradient(ssd, { dy: ssd.x, dstates: zeros([2, 4, 3, 6]) }, { chunkSize: 4 }),
      'E_SHAPE',
      /states is f32\[3, 4, 3, 6\], dstates is f32\[2, 4, 3, 6\]/,
    ],
    [
      'chunks of nothing',
      () => ssdChunkScanGradient(ssd, { dy: ssd.x }, { chunkSize: 0 }),
      'E_ARGUMENT',
      /chunkSize is 0/,
    ],
    [
      'gradients of tails that are none',
      () =>
        causalConv1dGradient(
          convolution,
          { dy: convolution.x, dtails: zeros([3, 2, 3]) },
          { activation: 'silu' },
        ),
      'E_SHAPE',
      /dtails is f32\[3, 2, 3\]/,
    ],
    [
      'an arriving gradient as wide as the keys',
      () => attentionGradient(queries, zeros([2, 5, 4, 8]), { scale: 1, window: 0, ring: false }),
      'E_SHAPE',
      /Dv = 6 as in v/,
    ],
    [
      'three numbers for a step',
      () =>
        adamwStep({ parameter: zeros([3]), first: zeros([3]), second: zeros([3]) }, zeros([3]), zeros([3]), {
          beta1: 0.9,
          beta2: 0.95,
          epsilon: 1e-8,
          decay: 0,
        }),
      'E_SHAPE',
      /numbers is f32\[3\]/,
    ],
    [
      'moments of another shape',
      () =>
        adamwStep({ parameter: zeros([3]), first: zeros([2]), second: zeros([3]) }, zeros([3]), zeros([4]), {
          beta1: 0.9,
          beta2: 0.95,
          epsilon: 1e-8,
          decay: 0,
        }),
      'E_SHAPE',
      /first is f32\[2\]/,
    ],
  ] as const)('%s', (_, run, code, message) => {
    expect(run).toThrow(expect.objectContaining({ code, message: expect.stringMatching(message) }));
  });
});
