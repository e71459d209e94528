import type { ProgramCall } from '@hybra/spec';
import type { Dispatch, WebGpuKernel } from '../../kernel.js';
import { mapDispatch } from '../../wgsl/map.js';
import { floats, refusal, unsupported } from '../accept.js';
import { numbers } from '../composite/row-dispatch.js';
import { counts, gridMain } from '../sequence/pool.js';
import {
  ssdTile,
  tileEnd,
  tileLoad,
  tileMemory,
  tilePlace,
  tileProducts,
  tileProductsOf,
  tileZeros,
} from '../sequence/ssd-tile.js';
import { insideCode, type MoeSizes, moeInputs, moeSizes, scratchPart } from './moe-sizes.js';

const { side, depth, size } = ssdTile;
/** Experts that are counted in workgroup memory. */
const mostExperts = 512;

/**
 * A mixture of experts for many rows: pairs of row and expert are put in the order of their experts on the device,
 * and each expert multiplies its own by tiles (Gale et al. 2022). Nothing is computed for what no row chose.
 */
export const moeTiledKernel: WebGpuKernel = {
  name: 'webgpu/moe-tiled',
  op: 'moe',
  supports: (call) => {
    const refused = refusal(call, [floats, ['i32'], ['f32'], floats], [floats]);
    if (refused) return refused;
    const sizes = moeSizes(call);
    if (sizes.E > mostExperts)
      return unsupported(`moe-tiled: ${sizes.E} experts, not at most ${mostExperts}`);
    if (Object.values(sizes).includes(0)) return unsupported('moe-tiled: nothing to compute');
    return { supported: true, acceptsStrided: true, scratchBytes: placesOf(sizes).byteLength };
  },
  build: (call) => [ordered(call), hidden(call), given(call), combined(call)],
};

interface Range {
  readonly byteOffset: number;
  readonly byteLength: number;
}

/** Parts of the scratch: where each expert's pairs begin, the pairs in order, and both products. */
function placesOf({ R, K, E, F, D }: MoeSizes): {
  readonly begins: Range;
  readonly order: Range;
  readonly inner: Range;
  readonly outer: Range;
  readonly byteLength: number;
} {
  let end = 0;
  const part = (words: number): Range => {
    const byteOffset = end;
    end += Math.ceil((words * 4) / 256) * 256;
    return { byteOffset, byteLength: words * 4 };
  };
  const [begins, order] = [part(E + 1), part(R * K)];
  const [inner, outer] = [part(R * K * F), part(R * K * D)];
  return { begins, order, inner, outer, byteLength: end };
}

function part(call: ProgramCall, name: 'begins' | 'order' | 'inner' | 'outer') {
  const { byteOffset, byteLength } = placesOf(moeSizes(call))[name];
  const isFloat = name === 'inner' || name === 'outer';
  return scratchPart(name, byteOffset, byteLength, isFloat ? 'f32' : 'u32');
}

/** The order of an expert's pairs is any: each is computed by itself. */
function ordered(call: ProgramCall): Dispatch {
  const { R, K, E } = moeSizes(call);
  return {
    operands: [numbers('ids', moeInputs.ids), part(call, 'begins'), part(call, 'order')],
    parameters: counts({ E, pairs: R * K }),
    code: `var<workgroup> found: array<atomic<u32>, ${mostExperts}>;
@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) l: u32) {
  for (var i = l; i < p.pairs; i += 256u) {
    let id = bitcast<u32>(load_ids(i));
    if (id < p.E) { atomicAdd(&found[id], 1u); }
  }
  workgroupBarrier();
  if (l == 0u) {
    var begin = 0u;
    for (var e = 0u; e < p.E; e++) {
      begins[e] = begin;
      begin += atomicExchange(&found[e], begin);
    }
    begins[p.E] = begin;
  }
  workgroupBarrier();
  for (var i = l; i < p.pairs; i += 256u) {
    let id = bitcast<u32>(load_ids(i));
    if (id < p.E) { order[atomicAdd(&found[id], 1u)] = i; }
  }
}`,
    workgroups: [1, 1, 1],
  };
}

/** Statements that find the expert and the pairs of this workgroup's tile; `place`: expert, first pair, end. */
const tileOfExpert = `
  if (l == 0u) {
    place = vec4<u32>();
    var before = 0u;
    for (var e = 0u; e < p.E; e++) {
      let tiles = (begins[e + 1u] - begins[e] + ${side - 1}u) / ${side}u;
      if (tile < before + tiles) {
        place = vec4<u32>(e, begins[e] + (tile - before) * ${side}u, begins[e + 1u], 1u);
        break;
      }
      before += tiles;
    }
  }
  let mine = workgroupUniformLoad(&place);
  if (mine.w == 0u) { return; }
  let expert = mine.x;
  let first = mine.y;
  let end = mine.z;`;

/** Tiles of pairs at most: every expert may have one that is not full. */
function tilesOf({ R, K, E }: MoeSizes): number {
  return Math.ceil((R * K) / side) + E;
}

function hidden(call: ProgramCall): Dispatch {
  const sizes = moeSizes(call);
  const { D, K, E, F } = sizes;
  const columns = Math.ceil(F / side);
  const groups = tilesOf(sizes) * columns;
  const isGated = call.inputs.length > moeInputs.gate;
  const eight = Array.from({ length: 8 }, (_, i) => i);
  const load = (name: 'up' | 'gate'): string =>
    tileLoad(
      'b_tile',
      'terms',
      `if (f0 + at < p.F && d0 + term < p.D) { value = load_${name}((expert * p.F + f0 + at) * p.D + d0 + term); }`,
    );
  return {
    operands: [
      numbers('x', moeInputs.x),
      numbers('up', moeInputs.up),
      ...(isGated ? [numbers('gate', moeInputs.gate)] : []),
      part(call, 'begins'),
      part(call, 'order'),
      part(call, 'inner'),
    ],
    parameters: counts({ D, K, E, F, columns, groups }),
    code: `${insideCode(call)}${tileMemory}
var<workgroup> place: vec4<u32>;
var<workgroup> rows: array<u32, ${side}>;
${gridMain(size)}
  if (group >= p.groups) { return; }
  let f0 = group % p.columns * ${side}u;
  let tile = group / p.columns;
  ${tileOfExpert}
  if (l < ${side}u) { rows[l] = order[min(first + l, end - 1u)] / p.K; }
  workgroupBarrier();
  ${tilePlace}
  ${tileZeros}
  ${eight.map((i) => `var gated${i} = vec4<f32>();`).join(' ')}
  for (var d0 = 0u; d0 < p.D; d0 += ${depth}u) {
    ${tileLoad('a_tile', 'terms', 'if (d0 + term < p.D) { value = load_x(rows[at] * p.D + d0 + term); }')}
    ${load('up')}
    ${tileProducts}
    ${isGated ? `${load('gate')}\n    ${tileProductsOf('a_tile', 'k', 'gated')}` : ''}
  }
  ${tileEnd(
    'if (first + row < end && f0 + column < p.F) { inner[(first + row) * p.F + f0 + column] = inside(total, other); }',
    'gated',
  )}
}`,
    workgroups: [groups, 1, 1],
  };
}

function given(call: ProgramCall): Dispatch {
  const sizes = moeSizes(call);
  const { D, E, F } = sizes;
  const columns = Math.ceil(D / side);
  const groups = tilesOf(sizes) * columns;
  return {
    operands: [
      numbers('weights', moeInputs.weights),
      numbers('down', moeInputs.down),
      part(call, 'begins'),
      part(call, 'order'),
      part(call, 'inner'),
      part(call, 'outer'),
    ],
    parameters: counts({ D, E, F, columns, groups }),
    code: `${tileMemory}
var<workgroup> place: vec4<u32>;
${gridMain(size)}
  if (group >= p.groups) { return; }
  let d0 = group % p.columns * ${side}u;
  let tile = group / p.columns;
  ${tileOfExpert}
  ${tilePlace}
  ${tileZeros}
  for (var f0 = 0u; f0 < p.F; f0 += ${depth}u) {
    ${tileLoad('a_tile', 'terms', 'if (f0 + term < p.F && first + at < end) { value = inner[(first + at) * p.F + f0 + term]; }')}
    ${tileLoad('b_tile', 'terms', 'if (f0 + term < p.F && d0 + at < p.D) { value = load_down((expert * p.D + d0 + at) * p.F + f0 + term); }')}
    ${tileProducts}
  }
  ${tileEnd(`if (first + row < end && d0 + column < p.D) {
      let pair = order[first + row];
      outer[pair * p.D + d0 + column] = total * load_weights(pair);
    }`)}
}`,
    workgroups: [groups, 1, 1],
  };
}

function combined(call: ProgramCall): Dispatch {
  const { R, D, K, E } = moeSizes(call);
  const { dtype } = call.outputs[0]!;
  return mapDispatch({
    operands: [numbers('ids', moeInputs.ids), part(call, 'outer')],
    output: { index: 0, dtype, count: R * D },
    parameters: counts({ D, K, E }),
    code: `fn element(i: u32) -> f32 {
  let row = i / p.D;
  var total = 0.0;
  for (var k = 0u; k < p.K; k++) {
    if (bitcast<u32>(load_ids(row * p.K + k)) < p.E) { total += outer[(row * p.K + k) * p.D + i % p.D]; }
  }
  return total;
}`,
  });
}
