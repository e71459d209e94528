import { contiguousStrides, type OpName, type ProgramCall } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import type { CudaKernel } from '../../kernel.js';
import { convGradientKernel } from './conv-gradient.js';
import { rmsNormGradientKernel } from './norm-gradients.js';
import { roundedAttentionGradientKernel } from './rounded-attention-gradient.js';
import { roundedSsdGradientKernel } from './rounded-ssd-gradient.js';
import { ssdGradientKernel } from './ssd-gradient.js';

const [B, T, H, P, G, N] = [2, 70, 8, 32, 2, 64];

function callOf(
  op: OpName,
  inputs: readonly number[][],
  outputs: readonly number[][],
  integers: readonly number[],
): ProgramCall {
  const operand = (shape: number[], buffer: number) => ({
    buffer,
    dtype: integers.includes(buffer) ? ('i32' as const) : ('f32' as const),
    shape,
    strides: contiguousStrides(shape),
    offset: 0,
  });
  return {
    op,
    kernel: `cuda/${op}`,
    inputs: inputs.map(operand),
    outputs: outputs.map((shape, index) => operand(shape, inputs.length + index)),
    attributes: { epsilon: 1e-5, chunkSize: 64, activation: 'silu' },
    scratch: { buffer: 99, byteLength: 2 ** 30 },
  };
}

function entriesOf(kernel: CudaKernel, call: ProgramCall): string[] {
  return kernel.plan(call).map((launch) => (launch.kind === 'kernel' ? launch.entry : 'copy'));
}

const x = [B, T, H, P];
const maps = [B, T, G, N];
const states = [3, H, P, N];
const gradients = [x, [B, T, H], [H], maps, maps, states];

describe('ssdGradientKernel', () => {
  it('zeroes what no row of the batch has, and joins heads of a group and rows of the batch', () => {
    const call = callOf(
      'ssdChunkScanGradient',
      [x, [B, T, H], [H], maps, maps, states, [B], x],
      gradients,
      [6],
    );
    expect(entriesOf(ssdGradientKernel, call)).toEqual([
      'fill_4',
      'ssd_gradient_32_64',
      'ssd_gradient_groups',
      'ssd_gradient_groups',
      'join_parts',
    ]);
    // Entry states of 3 chunks, dA by row, dB and dC by head.
    const bytes = 4 * (B * H * 3 * P * N + 2 * B * T * H * N);
    const support = ssdGradientKernel.supports(call);
    expect(support.supported && support.scratchBytes).toBeGreaterThanOrEqual(bytes + 4 * B * H);
  });
  it('keeps what arrives at other slots, and refuses heads that it has no form for', () => {
    const arriving = callOf(
      'ssdChunkScanGradient',
      [x, [B, T, H], [H], maps, maps, states, [B], x, states],
      gradients,
      [6],
    );
    expect(entriesOf(ssdGradientKernel, arriving)[0]).toBe('copy');
    const wide = [B, T, H, 72];
    const large = [3, H, 72, N];
    const call = callOf(
      'ssdChunkScanGradient',
      [wide, [B, T, H], [H], maps, maps, large, [B], wide],
      [wide, [B, T, H], [H], maps, maps, large],
      [6],
    );
    expect(ssdGradientKernel.supports(call)).toMatchObject({ supported: false });
  });
});

describe('roundedSsdGradientKernel', () => {
  it('walks along the chunks, then takes them apart, heads in parts where chunks are few', () => {
    const call = callOf(
      'ssdChunkScanGradient',
      [x, [B, T, H], [H], maps, maps, states, [B], x],
      gradients,
      [6],
    );
    expect(entriesOf(roundedSsdGradientKernel, call)).toEqual([
      'fill_4',
      'ssd_gradient_walks_32_64',
      'ssd_gradient_chunks_32_64',
      'ssd_gradient_join',
      'ssd_gradient_join',
      'join_parts',
    ]);
    const [, , chunks] = roundedSsdGradientKernel.plan(call);
    // 2 chunks of 64 positions, 4 parts of the 4 heads of a group.
    expect(chunks).toMatchObject({ grid: [8, G, B] });
  });
  it('leaves rows that do not come in fours to the kernel in float32', () => {
    const odd = [B, T, H, 30];
    const call = callOf(
      'ssdChunkScanGradient',
      [odd, [B, T, H], [H], maps, maps, [3, H, 30, N], [B], odd],
      [odd, [B, T, H], [H], maps, maps, [3, H, 30, N]],
      [6],
    );
    expect(roundedSsdGradientKernel.supports(call)).toMatchObject({ supported: false });
    expect(ssdGradientKernel.supports(call)).toMatchObject({ supported: true });
  });
});

describe('roundedAttentionGradientKernel', () => {
  const [q, pool] = [
    [B, T, H, P],
    [3, 80, 2, P],
  ];
  const inputs = [q, pool, pool, [B], [B], [B], q];
  const call = callOf('attentionGradient', inputs, [q, pool, pool], [3, 4, 5]);
  it('computes what queries get, then what keys and values get', () => {
    const scaled = { ...call, attributes: { scale: 0.25, window: 0, ring: false } };
    expect(entriesOf(roundedAttentionGradientKernel, scaled)).toEqual([
      'attention_gradient_queries_32',
      'attention_gradient_keys_32',
    ]);
    expect(roundedAttentionGradientKernel.supports(scaled)).toMatchObject({ supported: true });
  });
  it('leaves rings to the decomposition', () => {
    const ring = { ...call, attributes: { scale: 0.25, window: 16, ring: true } };
    expect(roundedAttentionGradientKernel.supports(ring)).toMatchObject({ supported: false });
  });
});

describe('other gradients', () => {
  it('join their sums in a second launch', () => {
    const norm = callOf('rmsNormGradient', [[64, 256], [256], [64, 256]], [[64, 256], [256]], []);
    expect(entriesOf(rmsNormGradientKernel, norm)).toEqual(['rms_gradient_32_2', 'join_parts']);
    // No fours: the form that reads element by element.
    const odd = callOf('rmsNormGradient', [[64, 255], [255], [64, 255]], [[64, 255], [255]], []);
    expect(entriesOf(rmsNormGradientKernel, odd)).toEqual(['rms_norm_gradient', 'join_parts']);
    const C = 96;
    const inputs = [[B, T, C], [C, 4], [C], [3, 3, C], [B], [B], [B, T, C]];
    const conv = callOf('causalConv1dGradient', inputs, [[B, T, C], [C, 4], [C], [3, 3, C]], [4, 5]);
    expect(entriesOf(convGradientKernel, conv)).toEqual([
      'fill_4',
      'conv_gradient_rows_4',
      'conv_gradient_join',
    ]);
  });
  it('refuse convolutions of more taps than a thread holds', () => {
    const C = 96;
    const inputs = [[B, T, C], [C, 5], [C], [3, 4, C], [B], [B], [B, T, C]];
    const conv = callOf('causalConv1dGradient', inputs, [[B, T, C], [C, 5], [C], [3, 4, C]], [4, 5]);
    expect(convGradientKernel.supports(conv)).toMatchObject({ supported: false });
  });
});
