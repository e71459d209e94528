/*
 * y[m, n] = Σₖ x[m, k] · weight[n, k] for many rows: tiles of 64 × 128 in workgroup memory, 4 × 8 of them per
 * invocation in registers, in float32. The next tiles are on their way from memory while these are multiplied.
 * Weights are widened when they are loaded.
 */
import { foursOf, type WeightFormat } from './gemv-weights.js';

/** Rows and columns of y per workgroup, and terms in workgroup memory at once. */
export const block = { rows: 64, columns: 128, depth: 16 } as const;

const size = 256;

/** Elements of a row of the weight that are loaded at once: 16 bytes, 8 of 4-bit codes. */
export function elementsPerLoad(format: WeightFormat): number {
  if (format.kind === 'codes') return 16;
  return format.dtype === 'f32' ? 4 : 8;
}

/** What the code is for. */
export interface BlockedPlan {
  readonly format: WeightFormat;
  /** Whether parts of the sum go to scratch, one after the other, instead of y. */
  readonly isSplit: boolean;
}

/** WGSL of the dispatch. Operands: x and y by fours, weight by loads; scales, zeros. */
export function blockedCode({ format, isSplit }: BlockedPlan): string {
  const { rows, columns, depth } = block;
  const perLoad = elementsPerLoad(format);
  const loads = (columns * depth) / perLoad;
  const perInvocation = Math.max(loads / size, 1);
  const aPitch = rows / 4 + 1;
  const bPitch = columns / 4 + 1;
  // Places are bytes in the buffer, and 4-bit codes in here.
  const isPacked = format.kind === 'codes' && format.bits === 4;
  const each = Array.from({ length: perInvocation }, (_, i) => i);
  const four = [0, 1, 2, 3];
  const guarded = (body: string): string => (loads < size ? `if (l < ${loads}u) { ${body} }` : body);
  const loadB = (i: number, k: string): string => {
    const at = `(min(n0 + line${i}, p.N - 1u) * p.bN + ${k} + part${i} * ${perLoad}u)`;
    const scale =
      format.kind === 'codes'
        ? `scale${i} = load_scales(${at} / p.blockSize); ${format.hasZeros ? `zero${i} = load_zeros(${at} / p.blockSize);` : ''}`
        : '';
    return `chunk${i} = weight[(at_weight(0u)${isPacked ? ' * 2u' : ''} + ${at}) / ${perLoad}u]; ${scale}`;
  };
  const storeB = (i: number): string =>
    foursOf(format, `chunk${i}`, `zero${i}`)
      .slice(0, perLoad / 4)
      .map((value, j) => {
        const scaled = format.kind === 'codes' ? `${value} * scale${i}` : value;
        const name = `v${i}_${j}`;
        return `let ${name} = ${scaled}; ${four
          .map(
            (c) =>
              `b_tile[(part${i} * ${perLoad}u + ${j * 4 + c}u) * ${bPitch}u + line${i} / 4u][line${i} % 4u] = ${name}[${c}];`,
          )
          .join(' ')}`;
      })
      .join('\n      ');
  return `
var<workgroup> a_tile: array<vec4<f32>, ${depth * aPitch}>;
var<workgroup> b_tile: array<vec4<f32>, ${depth * bPitch}>;
@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let group = p.firstGroup + g.y * n.x + g.x;
  if (group >= p.groups) { return; }
  let lines = (p.M + ${rows - 1}u) / ${rows}u;
  let width = (p.N + ${columns - 1}u) / ${columns}u;
  // Neighbouring workgroups share columns of the weight, which is the larger.
  let m0 = group % lines * ${rows}u;
  let n0 = group / lines % width * ${columns}u;
  let split = group / lines / width;
  let from_k = split * p.perSplit;
  let end_k = min(from_k + p.perSplit, p.K);
  let tx = l % 16u;
  let ty = l / 16u;
  let a_line = l / ${depth / 4}u;
  let a_part = l % ${depth / 4}u;
  let a_at = (at_x(0u) + min(m0 + a_line, p.M - 1u) * p.aM) / 4u + a_part;
  ${each
    .map(
      (i) =>
        `let part${i} = (l + ${i * size}u) % ${depth / perLoad}u; let line${i} = (l + ${i * size}u) / ${depth / perLoad}u;
  var chunk${i}: ${chunkType(format)}; ${format.kind === 'codes' ? `var scale${i} = 0.0; ${format.hasZeros ? `var zero${i} = 0.0;` : ''}` : ''}`,
    )
    .join('\n  ')}
  ${four.map((i) => `var low${i} = vec4<f32>(); var high${i} = vec4<f32>();`).join(' ')}
  var a_four = x[a_at + from_k / 4u];
  ${guarded(each.map((i) => loadB(i, 'from_k')).join(' '))}
  for (var k0 = from_k; k0 < end_k; k0 += ${depth}u) {
    ${four.map((c) => `a_tile[(a_part * 4u + ${c}u) * ${aPitch}u + a_line / 4u][a_line % 4u] = a_four[${c}];`).join('\n    ')}
    ${guarded(each.map((i) => storeB(i)).join('\n    '))}
    workgroupBarrier();
    let next = k0 + ${depth}u;
    if (next < end_k) {
      a_four = x[a_at + next / 4u];
      ${guarded(each.map((i) => loadB(i, 'next')).join(' '))}
    }
    for (var k = 0u; k < ${depth}u; k++) {
      let a = a_tile[k * ${aPitch}u + ty];
      let b_low = b_tile[k * ${bPitch}u + tx];
      let b_high = b_tile[k * ${bPitch}u + 16u + tx];
      ${four.map((i) => `low${i} = fma(vec4<f32>(a[${i}]), b_low, low${i}); high${i} = fma(vec4<f32>(a[${i}]), b_high, high${i});`).join('\n      ')}
    }
    workgroupBarrier();
  }
  let column = n0 + tx * 4u;
  ${four
    .map(
      (i) => `{
    let m = m0 + ty * 4u + ${i}u;
    if (m < p.M) {
      let at = ((${isSplit ? 'split * p.M + ' : ''}m) * p.N + column) / 4u;
      if (column < p.N) { y[at] = low${i}; }
      if (column + 64u < p.N) { y[at + 16u] = high${i}; }
    }
  }`,
    )
    .join('\n  ')}
}`;
}

function chunkType(format: WeightFormat): string {
  if (format.kind === 'codes') return format.bits === 4 ? 'vec2<u32>' : 'vec4<u32>';
  return format.dtype === 'f32' ? 'vec4<f32>' : 'vec4<u32>';
}

/** WGSL that adds up the parts of a split sum, by fours. Operands: parts, y. */
export const splitSumCode = `@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let i = (g.y * n.x + g.x) * 256u + l;
  if (i >= p.fours) { return; }
  var total = parts[i];
  for (var s = 1u; s < p.splits; s++) { total += parts[s * p.fours + i]; }
  y[i] = total;
}`;
