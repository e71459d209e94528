import type { WebGpuKernel } from '../../kernel.js';
import { unsupported } from '../accept.js';
import { mostGemvRows } from './gemv.js';
import {
  type MatmulPlan,
  matmulParameters,
  matmulRefusal,
  matrixOperand,
  planMatmul,
} from './matmul-plan.js';

/** Columns of y per workgroup, and the lanes that share the terms of each. */
const alongK = { columns: 8, lanes: 32 };
const acrossN = { columns: 32, lanes: 8 };

/**
 * A few rows times a matrix of any steps. Lanes share the terms of a column and add up in workgroup memory. What
 * the kernel for whole vectors leaves.
 */
export const matmulRowsStridedKernel: WebGpuKernel = {
  name: 'webgpu/matmul-rows-strided',
  op: 'matmul',
  supports: (call) => {
    const refused = matmulRefusal(call);
    if (refused) return refused;
    if (call.outputs[0]!.dtype !== 'f32') return unsupported('matmul-rows-strided: a 16-bit result');
    const { M } = planMatmul(call);
    if (M === 0 || M > mostGemvRows) {
      return unsupported(`matmul-rows-strided: ${M} rows, not 1 … ${mostGemvRows}`);
    }
    return { supported: true, acceptsStrided: true };
  },
  build: (call) => {
    const plan = planMatmul(call);
    const { columns } = plan.bK === 1 ? alongK : acrossN;
    const groups = Math.ceil(plan.N / columns) * plan.batches;
    return [
      {
        operands: [
          matrixOperand(call, 0),
          matrixOperand(call, 1),
          { name: 'y', place: { kind: 'output', index: 0 }, view: 'f32', isWritten: true },
        ],
        parameters: [...matmulParameters(plan), { name: 'groups', type: 'u32', value: groups }],
        code: rowsCode(plan),
        workgroups: [groups, 1, 1],
      },
    ];
  },
};

function rowsCode(plan: MatmulPlan): string {
  const { M } = plan;
  const { columns, lanes } = plan.bK === 1 ? alongK : acrossN;
  const isAlongK = plan.bK === 1;
  const rows = Array.from({ length: M }, (_, m) => m);
  const loop = `for (var k = lane; k < p.K; k += ${lanes}u) {
      let w = get_b(b_at + k * p.bK);
      ${rows.map((m) => `sum${m} = fma(w, get_a(a_at + ${m}u * p.aM + k * p.aK), sum${m});`).join('\n      ')}
    }`;
  return `
var<workgroup> parts: array<array<f32, 256>, ${M}>;
@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let group = g.y * n.x + g.x;
  if (group >= p.groups) { return; }
  let blocks = (p.N + ${columns - 1}u) / ${columns}u;
  let batch = group / blocks;
  let lane = ${isAlongK ? `l % ${lanes}u` : `l / ${columns}u`};
  let local_column = ${isAlongK ? `l / ${lanes}u` : `l % ${columns}u`};
  let column = group % blocks * ${columns}u + local_column;
  let a_at = at_a(batch);
  let b_at = at_b(batch) + column * p.bN;
  ${rows.map((m) => `var sum${m} = 0.0;`).join(' ')}
  if (column < p.N) {
    ${loop}
  }
  ${rows.map((m) => `parts[${m}][local_column * ${lanes}u + lane] = sum${m};`).join('\n  ')}
  workgroupBarrier();
  let at = local_column * ${lanes}u + lane;
  for (var half = ${lanes / 2}u; half > 0u; half >>= 1u) {
    if (lane < half) {
      ${rows.map((m) => `parts[${m}][at] += parts[${m}][at + half];`).join('\n      ')}
    }
    workgroupBarrier();
  }
  if (lane == 0u && column < p.N) {
    ${rows.map((m) => `y[(batch * ${M}u + ${m}u) * p.N + column] = parts[${m}][at];`).join('\n    ')}
  }
}`;
}
