import { contiguousStrides, type DType, type ProgramCall } from '@hybra/spec';
import { describe, expect, it } from 'vitest';
import { writeRowsKernel } from '../array/rows.js';
import { decodeAttentionKernel } from './decode-attention.js';

interface Sizes {
  readonly B: number;
  readonly T?: number;
  readonly Hq: number;
  readonly Hkv: number;
  readonly D: number;
  readonly C: number;
  readonly dtype?: DType;
  readonly offset?: number;
}

function callOf({ B, T = 1, Hq, Hkv, D, C, dtype = 'bf16', offset = 0 }: Sizes): ProgramCall {
  const operand = (kind: DType, shape: number[], buffer: number) => ({
    buffer,
    dtype: kind,
    shape,
    strides: contiguousStrides(shape),
    offset: buffer === 1 ? offset : 0,
  });
  const pool = [B, C, Hkv, D];
  return {
    op: 'attention',
    kernel: decodeAttentionKernel.name,
    inputs: [
      operand('f32', [B, T, Hq, D], 0),
      operand(dtype, pool, 1),
      operand(dtype, pool, 2),
      ...[3, 4, 5].map((buffer) => operand('i32', [B], buffer)),
    ],
    outputs: [operand('f32', [B, T, Hq, D], 6)],
    attributes: { scale: 1, window: 0, ring: false },
    scratch: { buffer: 7, byteLength: 2 ** 30 },
  };
}

const hybrid = { Hq: 32, Hkv: 8, D: 128 };

describe('decodeAttentionKernel', () => {
  it.each([
    ['more than one query', { ...hybrid, B: 1, C: 64, T: 2 }],
    ['32 query heads over 1 key heads', { ...hybrid, B: 1, C: 64, Hkv: 1 }],
    ['heads of 80', { ...hybrid, B: 1, C: 64, D: 80 }],
    ['than lanes to a row', { ...hybrid, B: 1, C: 64, D: 32, Hkv: 4 }],
    ['multiple of 16 bytes', { ...hybrid, B: 1, C: 64, offset: 4 }],
    ['no kernel for input 1', { ...hybrid, B: 1, C: 64, dtype: 'f16' }],
  ] as const)('refuses %s', (reason, sizes) => {
    const support = decodeAttentionKernel.supports(callOf(sizes));
    expect(support.supported).toBe(false);
    expect(!support.supported && support.reason).toContain(reason);
  });

  it('gives a key head and a span to a block, and joins the spans', () => {
    const [attend, join, ...more] = decodeAttentionKernel.plan(callOf({ ...hybrid, B: 1, C: 131_072 }));
    expect(more).toEqual([]);
    expect(attend).toMatchObject({ entry: 'attention_decode_bf16_16_4', grid: [66, 8, 1] });
    expect(join).toMatchObject({ entry: 'attention_join', grid: [32, 1, 1] });
    // Sum, largest score and total of each span.
    const support = decodeAttentionKernel.supports(callOf({ ...hybrid, B: 1, C: 131_072 }));
    expect(support.supported && support.scratchBytes).toBe(32 * 66 * (128 + 2) * 4);
  });

  it('writes the result at once where sequences and heads are many, and spans are no shorter than pays', () => {
    const alone = decodeAttentionKernel.plan(
      callOf({ B: 64, Hq: 32, Hkv: 32, D: 64, C: 2048, dtype: 'f32' }),
    );
    expect(alone).toHaveLength(1);
    expect(alone[0]).toMatchObject({ entry: 'attention_decode_f32_16_1', grid: [1, 32, 64] });
    const [short] = decodeAttentionKernel.plan(callOf({ ...hybrid, B: 1, C: 256 }));
    expect(short).toMatchObject({ grid: [2, 8, 1] });
  });

  it('takes caches of more than 2^31 elements, as does writing them', () => {
    const call = callOf({ ...hybrid, B: 64, C: 65_536 });
    expect(decodeAttentionKernel.supports(call).supported).toBe(true);
    const [, pool, , rows] = call.inputs;
    const flat = { ...pool!, shape: [64 * 65_536, 8, 128], strides: [1024, 128, 1] };
    const fresh = { ...pool!, shape: [64, 8, 128], strides: [1024, 128, 1] };
    const write = { ...call, op: 'writeRows', inputs: [flat, rows!, fresh], outputs: [flat] } as const;
    expect(writeRowsKernel.supports(write).supported).toBe(true);
  });
});
