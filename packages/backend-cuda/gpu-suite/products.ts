import type { Backend, DType, OpName } from '@hybra/spec';
import type { OpCase } from '@hybra/tensor';
import { checkNative } from '../../backend-testkit/src/harness/check-case.js';
import { counted, type Section } from './section.js';

/** Sizes of real models, which the kit's small cases do not reach: each picks another kernel or path. */
export function productSections(backend: Backend, reference: Backend): Section[] {
  const normal = (shape: number[], dtype: DType = 'f32', scale = 1) =>
    ({ dtype, shape, layout: 'contiguous', values: { kind: 'normal', scale, mean: 0 } }) as const;
  const uniform = (shape: number[], low: number, high: number) =>
    ({ dtype: 'f32', shape, layout: 'contiguous', values: { kind: 'uniform', low, high } }) as const;
  const indices = (...values: number[]) =>
    ({
      dtype: 'i32',
      shape: [values.length],
      layout: 'contiguous',
      values: { kind: 'list', values },
    }) as const;
  const linear = (M: number, K: number, N: number, weight: DType, a: DType = 'f32'): OpCase => ({
    name: `${a} [${M}, ${K}] x ${weight} [${N}, ${K}]`,
    // Products of size about 1, whatever K: the tolerance is for such.
    inputs: [normal([M, K], a, K ** -0.25), normal([N, K], weight, K ** -0.25)],
    attributes: { transposeA: false, transposeB: true },
  });
  /** A batch of products with either side transposed. */
  const batched = (count: number, M: number, K: number, N: number, a: boolean, b: boolean): OpCase => ({
    name: `batched ${count} x [${M}, ${K}] x [${K}, ${N}]${a ? ' a^T' : ''}${b ? ' b^T' : ''}`,
    inputs: [
      normal(a ? [count, K, M] : [count, M, K], 'f32', K ** -0.25),
      normal(b ? [count, N, K] : [count, K, N], 'f32', K ** -0.25),
    ],
    attributes: { transposeA: a, transposeB: b },
  });
  const ssd = (B: number, T: number, H: number, G: number, P: number, N: number): OpCase => ({
    name: `ssd [${B}, ${T}, ${H}, ${P}], ${G} groups, state ${N}`,
    inputs: [
      normal([B, T, H, P]),
      uniform([B, T, H], 0.001, 0.1),
      uniform([H], -8, -0.5),
      normal([B, T, G, N], 'f32', 0.3),
      normal([B, T, G, N], 'f32', 0.3),
      normal([B, H, P, N]),
      indices(...Array.from({ length: B }, (_, row) => B - 1 - row)),
    ],
    attributes: { chunkSize: 128 },
  });
  const step = (B: number, H: number, G: number, states: DType): OpCase => ({
    name: `ssd step [${B}, ${H}, 64], ${G} groups, ${states} states`,
    inputs: [
      normal([B, H, 64]),
      uniform([B, H], 0.001, 0.1),
      uniform([H], -8, -0.5),
      normal([B, G, 128], 'f32', 0.3),
      normal([B, G, 128], 'f32', 0.3),
      normal([B, H, 64, 128], states),
      indices(...Array.from({ length: B }, (_, row) => (row === 3 ? -1 : B - 1 - row))),
    ],
    attributes: {},
  });
  const quantized = (bits: 4 | 8, M: number, K: number, N: number, hasZeros = false): OpCase => {
    const ranged = (shape: number[], dtype: DType, low: number, high: number) =>
      ({ dtype, shape, layout: 'contiguous', values: { kind: 'uniform', low, high } }) as const;
    const scale = K ** -0.25 / (bits === 8 ? 73 : 4.6);
    return {
      name: `${bits} bits${hasZeros ? ' with zero points' : ''} [${M}, ${K}] x [${N}, ${K}]`,
      inputs: [
        normal([M, K], 'f32', K ** -0.25),
        bits === 8 ? ranged([N, K], 'i8', -127, 128) : ranged([N, K / 2], 'u8', 0, 256),
        ranged([N, K / 32], 'f16', scale / 2, scale),
        ...(hasZeros ? [ranged([N, K / 32], 'f16', 3, 12)] : []),
      ],
      attributes: { bits, blockSize: 32 },
    };
  };
  const attention = (T: number, capacity: number, kv: DType): OpCase => ({
    name: `attention [2, ${T}, 8, 128], capacity ${capacity}, ${kv}`,
    inputs: [
      normal([2, T, 8, 128]),
      normal([2, capacity, 2, 128], kv),
      normal([2, capacity, 2, 128], kv),
      indices(1, 0),
      indices(capacity - T, 3),
      indices(capacity, T + 3),
    ],
    attributes: { scale: 128 ** -0.5, window: 0, ring: false },
  });
  const cases: readonly (readonly [OpName, OpCase])[] = [
    ...(['f32', 'bf16', 'f16'] as const).flatMap((weight) =>
      [1, 2, 3, 8].map((M) => ['matmul', linear(M, 768, 331, weight)] as const),
    ),
    ['matmul', linear(1, 1536, 768, 'bf16')],
    ['matmul', linear(1, 768, 6200, 'bf16')],
    ['matmul', linear(1, 768, 17000, 'bf16')],
    ['matmul', linear(1, 8200, 65, 'bf16')],
    ...[9, 33, 64, 130].map((M) => ['matmul', linear(M, 264, 331, 'bf16')] as const),
    ['matmul', linear(260, 768, 3352, 'bf16')],
    ['matmul', linear(70, 256, 192, 'bf16', 'bf16')],
    ['matmul', linear(260, 768, 500, 'f32')],
    ['matmul', linear(300, 1000, 77, 'f16')],
    ['matmul', linear(200, 264, 200, 'f16', 'f16')],
    ['matmul', linear(100, 8200, 65, 'bf16')],
    ...[false, true].flatMap((a) =>
      [false, true].map((b) => ['matmul', batched(3, 200, 136, 96, a, b)] as const),
    ),
    ['matmul', batched(1, 64, 3000, 72, true, false)],
    ['ssdChunkScan', ssd(1, 300, 8, 1, 64, 128)],
    ['ssdChunkScan', ssd(2, 130, 16, 2, 64, 64)],
    ['ssdChunkScan', ssd(1, 70, 4, 1, 64, 256)],
    ['ssdChunkScan', ssd(1, 150, 3, 1, 128, 16)],
    ['ssdChunkScan', ssd(1, 1000, 2, 1, 64, 128)],
    ['ssdChunkScan', ssd(2, 200, 4, 1, 32, 40)],
    ...([8, 4] as const).flatMap((bits) => [
      ['quantizedMatmul', quantized(bits, 1, 2560, 1000)] as const,
      ['quantizedMatmul', quantized(bits, 1, 1536, 770, true)] as const,
      ['quantizedMatmul', quantized(bits, 8, 768, 331)] as const,
    ]),
    ['ssdStep', step(64, 24, 8, 'f32')],
    ['ssdStep', step(64, 24, 1, 'bf16')],
    ['attention', attention(1, 2048, 'bf16')],
    ['attention', attention(33, 700, 'f32')],
    ['attention', attention(200, 700, 'f32')],
    ['attention', attention(150, 400, 'bf16')],
  ];
  return [
    {
      name: 'sizes/of-models',
      async run() {
        const device = await backend.open();
        const other = await reference.open();
        const problems: string[] = [];
        const kernels = new Set<string>();
        for (const [op, opCase] of cases) {
          try {
            const finding = await checkNative({ device, reference: other }, op, opCase);
            if (finding.kind === 'skipped') problems.push(`${opCase.name}: ${finding.reason}`);
            else {
              kernels.add(finding.kernel);
              problems.push(...finding.problems.map((each) => `${opCase.name} (${finding.kernel}): ${each}`));
            }
          } catch (error) {
            problems.push(`${opCase.name}: ${String(error)}`);
          }
        }
        await device.dispose();
        const outcome = counted(cases.length, 0, problems);
        return { ...outcome, figures: `${outcome.figures}: ${[...kernels].join(', ')}` };
      },
    },
  ];
}
