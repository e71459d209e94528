import { isHalf, type OpCall } from '@hybra/spec';
import type { WebGpuKernel } from '../../kernel.js';
import { encodeExpression } from '../../wgsl/element.js';
import { floats, refusal, unsupported } from '../accept.js';
import { larger } from '../row-workgroup.js';
import { attentionOperands, attentionParameters, attentionSizes } from './attention-binding.js';
import { gridMain } from './pool.js';
import {
  elementAt,
  ssdTile,
  stepsOf,
  tileEnd,
  tileLoad,
  tileMemory,
  tilePlace,
  tileProducts,
  tileProductsOf,
  tileZeros,
} from './ssd-tile.js';

const { side, depth, size } = ssdTile;
/** Fewer queries leave most of a tile idle. */
const leastQueries = 16;
/** Widest values: two tiles of accumulators. */
const widest = 2 * side;
/** What the tiles below take of workgroup memory. */
const leastWorkgroupBytes = 32_768;

/**
 * Causal attention of many queries: a workgroup per 64 queries of a head, 64 keys at a time, with a running maximum
 * and sum per query (Milakov & Gimelshein 2018; Dao et al. 2022, Algorithm 1). Keys and values are read once per 64
 * queries.
 */
export const attentionTiledKernel: WebGpuKernel = {
  name: 'webgpu/attention-tiled',
  op: 'attention',
  supports: (call, facts) => {
    const refused = refusal(call, [floats, floats, floats, ['i32']], [floats]);
    if (refused) return refused;
    const T = call.inputs[0]!.shape[1]!;
    const width = call.inputs[2]!.shape[3]!;
    if (T < leastQueries) return unsupported(`attention-tiled: ${T} queries, not at least ${leastQueries}`);
    if (width > widest || width === 0 || (isHalf(call.outputs[0]!.dtype) && width % 2 !== 0)) {
      return unsupported(`attention-tiled: values of ${width} elements`);
    }
    if (facts.workgroupBytes < leastWorkgroupBytes) {
      return unsupported(`attention-tiled: ${facts.workgroupBytes} bytes of workgroup memory`);
    }
    return { supported: true, acceptsStrided: true };
  },
  build: (call) => {
    const { batch, T, Hq, Dv } = attentionSizes(call);
    const blocks = Math.ceil(T / side);
    const groups = batch * Hq * blocks;
    return [
      {
        operands: attentionOperands(call),
        parameters: attentionParameters(call, {
          sizes: { blocks, groups },
          more: [...stepsOf('q', call, 0), ...stepsOf('k', call, 1), ...stepsOf('v', call, 2)],
        }),
        code: tiledCode(call, Dv),
        workgroups: [groups, 1, 1],
      },
    ];
  },
};

function tiledCode(call: OpCall, Dv: number): string {
  const halves = Array.from({ length: Math.ceil(Dv / side) }, (_, half) => half);
  const eight = Array.from({ length: 8 }, (_, i) => i);
  const rowOf = (i: number): string => `${i < 4 ? '' : '32u + '}tile_y * 4u + ${i % 4}u`;
  return `${larger}${tileMemory}
// Weights by keys, and by queries within.
var<workgroup> weights: array<vec4<f32>, ${side * (side / 4 + 1)}>;
var<workgroup> firsts: array<i32, ${side}>;
var<workgroup> ends: array<i32, ${side}>;
var<workgroup> range: vec2<i32>;
var<workgroup> parts: array<f32, ${size}>;
var<workgroup> rescales: array<f32, ${side}>;
var<workgroup> totals: array<f32, ${side}>;
${gridMain(size)}
  if (group >= p.groups) { return; }
  // The last queries see most keys: they come first.
  let t0 = (p.blocks - 1u - group % p.blocks) * ${side}u;
  let head = group / p.blocks % p.Hq;
  let b = group / p.blocks / p.Hq;
  let kv_head = head * p.Hkv / p.Hq;
  let slot = bitcast<u32>(load_slots(b));
  ${tilePlace}
  let slot_row = min(slot, p.S - 1u);
  // The row of the weights that this invocation prepares, with another one.
  let own = l % ${side}u;
  let share = l / ${side}u;
  if (l < ${side}u) {
    ${visibleCode(call)}
    firsts[l] = first;
    ends[l] = select(first, end, slot < p.S && t0 + l < p.T);
  }
  workgroupBarrier();
  if (l == 0u) {
    var all = vec2<i32>(2147483647, 0);
    for (var i = 0u; i < ${side}u; i++) {
      if (ends[i] > firsts[i]) { all = vec2<i32>(min(all.x, firsts[i]), max(all.y, ends[i])); }
    }
    range = all;
  }
  let keys = workgroupUniformLoad(&range);
  var largest = -infinity();
  var total_of = 0.0;
  ${halves.map((half) => eight.map((i) => `var y${half}_${i} = vec4<f32>();`).join(' ')).join('\n  ')}
  for (var j0 = keys.x; j0 < keys.y; j0 += ${side}) {
    {
      ${tileZeros}
      for (var d0 = 0u; d0 < p.D; d0 += ${depth}u) {
        ${tileLoad('a_tile', 'terms', `if (d0 + term < p.D && t0 + at < p.T) { value = ${elementAt('q', ['b', 't0 + at', 'head', 'd0 + term'])}; }`)}
        ${tileLoad('b_tile', 'terms', `if (d0 + term < p.D && j0 + i32(at) < keys.y) { value = ${elementAt('k', ['slot_row', '(u32(j0) + at) % p.C', 'kv_head', 'd0 + term'])}; }`)}
        ${tileProducts}
      }
      ${tileEnd(`let j = j0 + i32(column);
    var score = -infinity();
    if (j >= firsts[row] && j < ends[row]) { score = p.scale * total; }
    weights[column * ${side / 4 + 1}u + row / 4u][row % 4u] = score;`)}
    }
    workgroupBarrier();
    var highest = largest;
    for (var i = share * ${side / 2}u; i < (share + 1u) * ${side / 2}u; i++) {
      highest = larger(highest, weights[i * ${side / 4 + 1}u + own / 4u][own % 4u]);
    }
    parts[l] = highest;
    workgroupBarrier();
    highest = larger(parts[own], parts[own + ${side}u]);
    // Without a finite score yet, nothing has been added up either.
    let rescale = select(exp_f(largest - highest), 0.0, bitcast<u32>(largest) == 0xff800000u);
    largest = highest;
    workgroupBarrier();
    var sum_of = 0.0;
    for (var i = share * ${side / 2}u; i < (share + 1u) * ${side / 2}u; i++) {
      let score = weights[i * ${side / 4 + 1}u + own / 4u][own % 4u];
      var weight = 0.0;
      if (bitcast<u32>(score) != 0xff800000u) { weight = exp_f(score - highest); }
      weights[i * ${side / 4 + 1}u + own / 4u][own % 4u] = weight;
      sum_of += weight;
    }
    parts[l] = sum_of;
    if (share == 0u) { rescales[own] = rescale; }
    workgroupBarrier();
    total_of = total_of * rescale + parts[own] + parts[own + ${side}u];
    ${eight.map((i) => `{ let factor = rescales[${rowOf(i)}]; ${halves.map((half) => `y${half}_${i} *= factor;`).join(' ')} }`).join('\n    ')}
    {
      for (var k0 = 0u; k0 < ${side}u; k0 += ${depth}u) {
        ${halves
          .map(
            (
              half,
            ) => `${tileLoad('b_tile', 'sides', `if (j0 + i32(k0 + term) < keys.y && ${half * side}u + at < p.Dv) { value = ${elementAt('v', ['slot_row', '(u32(j0) + k0 + term) % p.C', 'kv_head', `${half * side}u + at`])}; }`)}
        ${tileProductsOf('weights', 'k0 + k', `y${half}_`)}`,
          )
          .join('\n        ')}
      }
    }
  }
  if (share == 0u) { totals[own] = total_of; }
  workgroupBarrier();
  ${halves.flatMap((half) => eight.map((i) => storeCode(call, half, i, rowOf(i)))).join('\n  ')}
}`;
}

/** Statements that set `first` and `end` of the keys that query `t0 + l` sees. */
function visibleCode(call: OpCall): string {
  const isRing = call.attributes.ring === true;
  return `// A ring holds the last C positions; without one, position j lies in row j and none is beyond C - 1.
    let position = load_starts(b) + i32(t0 + l);
    let length = ${isRing ? 'load_lengths(b)' : 'min(load_lengths(b), i32(p.C))'};
    var first = ${isRing ? 'max(0, length - i32(p.C))' : '0'};
    if (p.window > 0) { first = max(first, position - p.window + 1); }
    let end = min(position, length - 1) + 1;`;
}

/** Statements that write four columns of a row. */
function storeCode(call: OpCall, half: number, i: number, row: string): string {
  const { dtype } = call.outputs[0]!;
  const store = isHalf(dtype)
    ? [0, 2]
        .map(
          (c) =>
            `if (column + ${c}u < p.Dv) { y[(at + ${c}u) / 2u] = ${encodeExpression(dtype, `four[${c}]`)} | (${encodeExpression(dtype, `four[${c + 1}]`)} << 16u); }`,
        )
        .join(' ')
    : [0, 1, 2, 3].map((c) => `if (column + ${c}u < p.Dv) { y[at + ${c}u] = four[${c}]; }`).join(' ');
  return `{
    let row = ${row};
    let column = ${half * side}u + tile_x * 4u;
    let total = totals[row];
    let four = select(vec4<f32>(), y${half}_${i} / total, vec4<bool>(total != 0.0));
    let at = (((b * p.T + t0 + row) * p.Hq) + head) * p.Dv + column;
    if (t0 + row < p.T) { ${store} }
  }`;
}
