/*
 * A product on a GPU's matrix units: x and the weight are rounded to float16, sums are float32. A subgroup has a
 * square of the tile in registers.
 */

import type { DeviceFacts } from '../../kernel.js';

/** How a workgroup's tile is cut. */
export interface MatrixTile {
  readonly rows: number;
  readonly columns: number;
  /** Rows and columns of a subgroup's part. */
  readonly side: number;
}

/** By what an H200 was fastest with: 109 against 76 TFLOP/s for the smaller, which wastes less of few rows. */
export function matrixTile(M: number, { workgroupBytes }: DeviceFacts): MatrixTile {
  const large = (128 + 128) * pitch * 2;
  return M > 64 && workgroupBytes >= large
    ? { rows: 128, columns: 128, side: 64 }
    : { rows: 64, columns: 128, side: 32 };
}

/** Whole tiles of the matrix units: rows and columns of y are multiples of this. */
export const matrixUnit = 16;

const depth = 32;
const pitch = depth + 8;

/** What `cutOf` makes splits whole multiples of is 16 terms; these take 32. */
export const matrixUnitDepth = depth;

/** WGSL of the dispatch for weights of 16 bits. Operands: x by fours, weight by eights, y as f32. */
export function matrixUnitCode(
  dtype: 'f16' | 'bf16',
  { rows, columns, side }: MatrixTile,
  isSplit: boolean,
): string {
  const across = columns / side;
  const size = (rows / side) * across * 32;
  const loads = (count: number): readonly { readonly i: number; readonly at: string }[] =>
    Array.from({ length: count / size }, (_, i) => ({ i, at: `(l + ${i * size}u)` }));
  const aLoads = loads((rows * depth) / 4);
  const bLoads = loads((columns * depth) / 8);
  const four = [0, 1, 2, 3];
  const parts = Array.from({ length: side / matrixUnit }, (_, i) => i);
  const tiles = parts.flatMap((i) => parts.map((j) => ({ i, j, name: `sum${i}_${j}` })));
  const loadA = (k: string): string =>
    aLoads.map(({ i }) => `a_four${i} = x[a_at${i} + ${k} / 4u];`).join(' ');
  const loadB = (k: string): string =>
    bLoads.map(({ i }) => `b_eight${i} = weight[b_at${i} + ${k} / 8u];`).join(' ');
  const widened = dtype === 'bf16' ? 'four_bf16' : 'four_f16';
  return `
var<workgroup> a_tile: array<f16, ${rows * pitch}>;
var<workgroup> b_tile: array<f16, ${columns * pitch}>;
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32, @builtin(subgroup_id) subgroup: u32) {
  let group = p.firstGroup + g.y * n.x + g.x;
  if (group >= p.groups) { return; }
  let lines = (p.M + ${rows - 1}u) / ${rows}u;
  let width = (p.N + ${columns - 1}u) / ${columns}u;
  let m0 = group % lines * ${rows}u;
  let n0 = group / lines % width * ${columns}u;
  let split = group / lines / width;
  let from_k = split * p.perSplit;
  let end_k = min(from_k + p.perSplit, p.K);
  let sub_m = subgroup / ${across}u * ${side}u;
  let sub_n = subgroup % ${across}u * ${side}u;
  ${aLoads
    .map(
      ({ i, at }) => `let a_at${i} = (at_x(0u) + min(m0 + ${at} / 8u, p.M - 1u) * p.aM) / 4u + ${at} % 8u;
  let a_to${i} = ${at} / 8u * ${pitch}u + ${at} % 8u * 4u;
  var a_four${i} = vec4<f32>();`,
    )
    .join('\n  ')}
  ${bLoads
    .map(
      ({
        i,
        at,
      }) => `let b_at${i} = (at_weight(0u) + min(n0 + ${at} / 4u, p.N - 1u) * p.bN) / 8u + ${at} % 4u;
  let b_to${i} = ${at} / 4u * ${pitch}u + ${at} % 4u * 8u;
  var b_eight${i} = vec4<u32>();`,
    )
    .join('\n  ')}
  ${tiles.map(({ name }) => `var ${name}: subgroup_matrix_result<f32, 16, 16>;`).join(' ')}
  ${loadA('from_k')} ${loadB('from_k')}
  for (var k0 = from_k; k0 < end_k; k0 += ${depth}u) {
    ${aLoads
      .map(
        ({ i }) =>
          `{ let h = vec4<f16>(a_four${i}); ${four.map((c) => `a_tile[a_to${i} + ${c}u] = h[${c}];`).join(' ')} }`,
      )
      .join('\n    ')}
    ${bLoads
      .map(
        ({ i }) =>
          `{ let low = vec4<f16>(${widened}(b_eight${i}.xy)); let high = vec4<f16>(${widened}(b_eight${i}.zw));
      ${four.map((c) => `b_tile[b_to${i} + ${c}u] = low[${c}]; b_tile[b_to${i} + ${c + 4}u] = high[${c}];`).join(' ')} }`,
      )
      .join('\n    ')}
    workgroupBarrier();
    let next = min(k0 + ${depth}u, end_k - ${depth}u);
    ${loadA('next')} ${loadB('next')}
    for (var k = 0u; k < ${depth}u; k += 16u) {
      ${parts
        .map(
          (
            i,
          ) => `let a${i} = subgroupMatrixLoad<subgroup_matrix_left<f16, 16, 16>>(&a_tile, (sub_m + ${i * 16}u) * ${pitch}u + k, false, ${pitch}u);
      let b${i} = subgroupMatrixLoad<subgroup_matrix_right<f16, 16, 16>>(&b_tile, (sub_n + ${i * 16}u) * ${pitch}u + k, true, ${pitch}u);`,
        )
        .join('\n      ')}
      ${tiles.map(({ i, j, name }) => `${name} = subgroupMatrixMultiplyAccumulate(a${i}, b${j}, ${name});`).join('\n      ')}
    }
    workgroupBarrier();
  }
  ${tiles
    .map(
      ({ i, j, name }) => `{
    let m = m0 + sub_m + ${i * 16}u;
    let column = n0 + sub_n + ${j * 16}u;
    if (m < p.M && column < p.N) {
      subgroupMatrixStore(&y, (${isSplit ? 'split * p.M + ' : ''}m) * p.N + column, ${name}, false, p.N);
    }
  }`,
    )
    .join('\n  ')}
}`;
}
