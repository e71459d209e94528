import { isHalf, type OpCall } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { encodeExpression } from '../../wgsl/element.js';
import { floats, refusal, unsupported } from '../accept.js';
import { larger, maxAll, sumAll } from '../row-workgroup.js';
import { attentionOperands, attentionParameters, attentionSizes } from './attention-binding.js';
import { gridMain } from './pool.js';

/** Keys per step, one for each invocation. */
const block = 256;

/**
 * Causal attention with grouped queries over a cache in pools: a workgroup per query and head. Keys are taken
 * 256 at a time with a running maximum and sum (Milakov & Gimelshein 2018), so that no row of scores is kept.
 */
export const attentionKernel: WebGpuKernel = {
  name: 'webgpu/attention',
  op: 'attention',
  supports: (call) => {
    const refused = refusal(call, [floats, floats, floats, ['i32']], [floats]);
    if (refused) return refused;
    const width = call.inputs[2]!.shape[3]!;
    if (width > block) return unsupported(`attention: values of more than ${block} elements`);
    if (isHalf(call.outputs[0]!.dtype) && width % 2 !== 0) {
      return unsupported(`attention: 16-bit rows of an odd width, ${width}`);
    }
    return { supported: true, acceptsStrided: true };
  },
  build: (call) => {
    const { batch, T, Hq, Dv } = attentionSizes(call);
    const groups = batch * T * Hq;
    return [
      {
        operands: attentionOperands(call),
        parameters: attentionParameters(call, { sizes: { groups } }),
        code: attentionCode(call),
        workgroups: [Dv === 0 ? 0 : groups, 1, 1],
      },
    ];
  },
};

function attentionCode(call: OpCall): string {
  const { dtype } = call.outputs[0]!;
  const isRing = call.attributes.ring === true;
  const store = isHalf(dtype)
    ? `if (l < p.Dv / 2u) {
    y[group * p.Dv / 2u + l] = ${encodeExpression(dtype, 'result[l * 2u]')} | (${encodeExpression(dtype, 'result[l * 2u + 1u]')} << 16u);
  }`
    : 'if (l < p.Dv) { y[group * p.Dv + l] = result[l]; }';
  return `${larger}${maxAll}${sumAll}
var<workgroup> weights: array<f32, ${block}>;
var<workgroup> query: array<f32, ${block}>;
var<workgroup> result: array<f32, ${block}>;
var<workgroup> visible: vec2<i32>;
${gridMain(block)}
  if (group >= p.groups) { return; }
  let head = group % p.Hq;
  let t = group / p.Hq % p.T;
  let b = group / p.Hq / p.T;
  let slot = bitcast<u32>(load_slots(b));
  if (l == 0u) {
    // A ring holds the last C positions; without one, position j lies in row j and none is beyond C - 1.
    let position = load_starts(b) + i32(t);
    let length = ${isRing ? 'load_lengths(b)' : 'min(load_lengths(b), i32(p.C))'};
    var first = ${isRing ? 'max(0, length - i32(p.C))' : '0'};
    if (p.window > 0) { first = max(first, position - p.window + 1); }
    visible = vec2<i32>(first, select(0, min(position, length - 1) + 1, slot < p.S));
  }
  let range = workgroupUniformLoad(&visible);
  let kv_head = head * p.Hkv / p.Hq;
  // Lanes beyond the width share the keys of a block among them.
  let shares = ${block}u / p.Dv;
  let d = l % p.Dv;
  let share = l / p.Dv;
  var largest = -infinity();
  var total = 0.0;
  var sum = 0.0;
  for (var j0 = range.x; j0 < range.y; j0 += ${block}) {
    let j = j0 + i32(l);
    var score = -infinity();
    let row = (slot * p.C + u32(j) % p.C) * p.Hkv + kv_head;
    var product = 0.0;
    // The query by parts through workgroup memory.
    for (var d0 = 0u; d0 < p.D; d0 += ${block}u) {
      workgroupBarrier();
      if (d0 + l < p.D) { query[l] = load_q(group * p.D + d0 + l); }
      workgroupBarrier();
      if (j < range.y) {
        for (var e = 0u; e < min(${block}u, p.D - d0); e++) { product = fma(query[e], load_k(row * p.D + d0 + e), product); }
      }
    }
    if (j < range.y) { score = p.scale * product; }
    let highest = larger(largest, max_all(score, l));
    // Without a finite score yet, nothing has been added up either.
    let rescale = select(exp_f(largest - highest), 0.0, bitcast<u32>(largest) == 0xff800000u);
    var weight = 0.0;
    if (bitcast<u32>(score) != 0xff800000u) { weight = exp_f(score - highest); }
    weights[l] = weight;
    total = total * rescale + sum_all(weight, l);
    sum *= rescale;
    largest = highest;
    let count = u32(min(range.y - j0, ${block}));
    if (share < shares) {
      for (var i = share; i < count; i += shares) {
        let place = (slot * p.C + u32(j0 + i32(i)) % p.C) * p.Hkv + kv_head;
        sum = fma(weights[i], load_v(place * p.Dv + d), sum);
      }
    }
    workgroupBarrier();
  }
  // Adds up the shares.
  weights[l] = sum;
  workgroupBarrier();
  if (l < p.Dv) {
    var all = 0.0;
    for (var i = 0u; i < shares; i++) { all += weights[i * p.Dv + l]; }
    result[l] = select(0.0, all / total, total != 0.0);
  }
  workgroupBarrier();
  ${store}
}`;
}
