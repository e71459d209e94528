import { type DType, elementCount } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { numberType } from '../../wgsl/element.js';
import { mapDispatch } from '../../wgsl/map.js';
import { floats, refusal } from '../accept.js';
import { rowSize } from '../row-workgroup.js';

const accepted: readonly DType[] = [...floats, 'i32'];

/**
 * Running sums along an axis: a workgroup per row scans blocks of 256 by doubling (Hillis & Steele 1986) and
 * carries the total on. 16-bit outputs are summed anew for each element, two of which share a word.
 */
export const cumulativeSumKernel: WebGpuKernel = {
  name: 'webgpu/cumulative-sum',
  op: 'cumulativeSum',
  supports: (call) => refusal(call, [accepted]) ?? { supported: true, acceptsStrided: true },
  build: (call) => {
    const { dtype, shape } = call.outputs[0]!;
    const axis = call.attributes.axis as number;
    const isReverse = call.attributes.reverse === true;
    const type = numberType(dtype) as 'f32' | 'i32';
    const terms = shape[axis]!;
    const inner = elementCount(shape.slice(axis + 1));
    const parameters = [
      { name: 'terms', type: 'u32', value: terms },
      { name: 'inner', type: 'u32', value: inner },
    ] as const;
    const x = { name: 'x', place: { kind: 'input', index: 0 }, view: 'number' } as const;
    if (dtype === 'f16' || dtype === 'bf16') {
      return [
        mapDispatch({
          operands: [x],
          output: { index: 0, dtype, count: elementCount(shape) },
          parameters,
          code: `fn element(i: u32) -> f32 {
  let t = i / p.inner % p.terms;
  let first = i - t * p.inner;
  var total = 0.0;
  for (var j = ${isReverse ? 't; j < p.terms' : '0u; j <= t'}; j++) { total += load_x(first + j * p.inner); }
  return total;
}`,
        }),
      ];
    }
    const rows = terms === 0 ? 0 : elementCount(shape) / terms;
    return [
      {
        operands: [x, { name: 'y', place: { kind: 'output', index: 0 }, view: type, isWritten: true }],
        parameters: [...parameters, { name: 'rows', type: 'u32', value: rows }],
        code: `
var<workgroup> parts: array<${type}, ${rowSize}>;
@compute @workgroup_size(${rowSize})
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let row = g.y * n.x + g.x;
  if (row >= p.rows) { return; }
  let first = row / p.inner * p.terms * p.inner + row % p.inner;
  var carried = ${type}(0);
  for (var block = 0u; block < p.terms; block += ${rowSize}u) {
    let t = block + l;
    let at = first + ${isReverse ? '(p.terms - 1u - t)' : 't'} * p.inner;
    var value = ${type}(0);
    if (t < p.terms) { value = load_x(at); }
    parts[l] = value;
    workgroupBarrier();
    for (var distance = 1u; distance < ${rowSize}u; distance <<= 1u) {
      var sum = parts[l];
      if (l >= distance) { sum = parts[l - distance] + sum; }
      workgroupBarrier();
      parts[l] = sum;
      workgroupBarrier();
    }
    if (t < p.terms) { y[at] = carried + parts[l]; }
    carried += parts[${rowSize - 1}];
    workgroupBarrier();
  }
}`,
        workgroups: [rows, 1, 1],
      },
    ];
  },
};
