import { isHalf, type OpCall } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { encodeExpression } from '../../wgsl/element.js';
import { unsupported } from '../accept.js';
import { matmulParameters, matmulRefusal, matrixOperand, planMatmul } from './matmul-plan.js';

/** A workgroup makes a tile of 64 × 64, an invocation 4 × 4 of it; 16 columns of a are in memory at once. */
const tile = 64;
const depth = 16;

/**
 * A product by tiles in workgroup memory. Half weights are widened when a tile is loaded. 16-bit outputs need
 * an even number of columns, so that neighbours in a word belong to one invocation.
 */
export const matmulTiledKernel: WebGpuKernel = {
  name: 'webgpu/matmul-tiled',
  op: 'matmul',
  supports: (call) => {
    const refused = matmulRefusal(call);
    if (refused) return refused;
    const { M, N } = planMatmul(call);
    if (isHalf(call.outputs[0]!.dtype) && N % 2 !== 0) {
      return unsupported('matmul-tiled: 16-bit rows of an odd width');
    }
    if (M < 8 || N < 8) return unsupported('matmul-tiled: fewer than 8 rows or columns');
    return { supported: true, acceptsStrided: true };
  },
  build: (call) => {
    const plan = planMatmul(call);
    const tiles = Math.ceil(plan.M / tile) * Math.ceil(plan.N / tile) * plan.batches;
    return [
      {
        operands: [
          matrixOperand(call, 0),
          matrixOperand(call, 1),
          {
            name: 'y',
            place: { kind: 'output', index: 0 },
            view: isHalf(call.outputs[0]!.dtype) ? 'u32' : 'f32',
            isWritten: true,
          },
        ],
        parameters: [...matmulParameters(plan), { name: 'tiles', type: 'u32', value: tiles }],
        code: tiledCode(call),
        workgroups: [tiles, 1, 1],
      },
    ];
  },
};

/** Neighbouring invocations load neighbours in memory: along k where k is the inner axis, else across. */
function tiledCode(call: OpCall): string {
  const plan = planMatmul(call);
  const split = (isAlongK: boolean): string =>
    isAlongK
      ? `let k = e % ${depth}u; let across = e / ${depth}u;`
      : `let k = e / ${tile}u; let across = e % ${tile}u;`;
  return `
var<workgroup> a_tile: array<array<f32, ${tile}>, ${depth}>;
var<workgroup> b_tile: array<array<vec4<f32>, ${tile / 4}>, ${depth}>;
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let group = g.y * n.x + g.x;
  if (group >= p.tiles) { return; }
  let columns = (p.N + ${tile - 1}u) / ${tile}u;
  let lines = (p.M + ${tile - 1}u) / ${tile}u;
  let n0 = group % columns * ${tile}u;
  let m0 = group / columns % lines * ${tile}u;
  let batch = group / columns / lines;
  let a_at = at_a(batch);
  let b_at = at_b(batch);
  let tx = l % 16u;
  let ty = l / 16u;
  var sums: array<vec4<f32>, 4>;
  for (var k0 = 0u; k0 < p.K; k0 += ${depth}u) {
    for (var e = l; e < ${tile * depth}u; e += 256u) {
      ${split(plan.aK === 1)}
      var value = 0.0;
      if (k0 + k < p.K && m0 + across < p.M) { value = get_a(a_at + (m0 + across) * p.aM + (k0 + k) * p.aK); }
      a_tile[k][across] = value;
    }
    for (var e = l; e < ${tile * depth}u; e += 256u) {
      ${split(plan.bK === 1)}
      var value = 0.0;
      if (k0 + k < p.K && n0 + across < p.N) { value = get_b(b_at + (n0 + across) * p.bN + (k0 + k) * p.bK); }
      b_tile[k][across / 4u][across % 4u] = value;
    }
    workgroupBarrier();
    for (var k = 0u; k < ${depth}u; k++) {
      let b4 = b_tile[k][tx];
      for (var i = 0u; i < 4u; i++) { sums[i] = fma(vec4<f32>(a_tile[k][ty * 4u + i]), b4, sums[i]); }
    }
    workgroupBarrier();
  }
  for (var i = 0u; i < 4u; i++) {
    let m = m0 + ty * 4u + i;
    let column = n0 + tx * 4u;
    if (m >= p.M) { break; }
    let at = (batch * p.M + m) * p.N + column;
${storeCode(call)}
  }
}`;
}

function storeCode(call: OpCall): string {
  const { dtype } = call.outputs[0]!;
  if (!isHalf(dtype)) {
    return '    for (var j = 0u; j < 4u; j++) { if (column + j < p.N) { y[at + j] = sums[i][j]; } }';
  }
  const encoded = (lane: number): string => encodeExpression(dtype, `sums[i][${lane}]`);
  return `    if (column < p.N) { y[at / 2u] = ${encoded(0)} | (${encoded(1)} << 16u); }
    if (column + 2u < p.N) { y[at / 2u + 1u] = ${encoded(2)} | (${encoded(3)} << 16u); }`;
}
