import { elementCount } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { floats, refusal } from '../accept.js';
import { rowMain, rowSize, workgroupReduction } from '../row-workgroup.js';

/**
 * WGSL that orders floats by u32 keys: −∞ … +∞ ascending, −0 and +0 equal, every NaN above all.
 */
export const orderKey = `
fn order_key(x: f32) -> u32 {
  if (is_nan(x)) { return 0xffffffffu; }
  var bits = bitcast<u32>(x);
  if (bits == 0x80000000u) { bits = 0u; }
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}`;

/** Where the largest of a row is; the first of equals. A workgroup per row. Takes any strides. */
export const argmaxKernel: WebGpuKernel = {
  name: 'webgpu/argmax',
  op: 'argmax',
  supports: (call) => refusal(call, [floats], [['i32']]) ?? { supported: true, acceptsStrided: true },
  build: (call) => {
    const width = call.inputs[0]!.shape.at(-1)!;
    const rows = elementCount(call.outputs[0]!.shape);
    return [
      {
        operands: [
          { name: 'x', place: { kind: 'input', index: 0 }, view: 'number' },
          { name: 'y', place: { kind: 'output', index: 0 }, view: 'i32', isWritten: true },
        ],
        parameters: [
          { name: 'width', type: 'u32', value: width },
          { name: 'rows', type: 'u32', value: rows },
        ],
        // (key, ~index): the larger of two pairs has the larger key or, of equals, the smaller index.
        code: `${orderKey}
fn larger_pair(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return select(b, a, a.x > b.x || (a.x == b.x && a.y >= b.y));
}
${workgroupReduction('best_of_all', 'vec2<u32>', 'larger_pair(a, b)')}
${rowMain}
  var best = vec2<u32>(0u, 0u);
  for (var j = l; j < p.width; j += ${rowSize}u) {
    best = larger_pair(best, vec2<u32>(order_key(load_x(row * p.width + j)), ~j));
  }
  let result = best_of_all(best, l);
  if (l == 0u) { y[row] = bitcast<i32>(~result.y); }
}`,
        workgroups: [rows, 1, 1],
      },
    ];
  },
};
