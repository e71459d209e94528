import { elementCount, type ProgramCall } from '@hybra/spec';
import type { DeviceFacts, Dispatch, DispatchOperand } from '../../kernel.js';
import { mapDispatch } from '../../wgsl/map.js';
import { orderKey } from './argmax.js';

/** Bytes of a pair (key, index). */
const pairBytes = 8;
const workgroupSize = 256;

/** Pairs that are sorted in one workgroup's memory. A power of two. */
export function pairsTogether({ workgroupBytes }: DeviceFacts): number {
  return workgroupBytes >= 4096 * pairBytes ? 4096 : 2048;
}

/** Pairs of a row of `width` with those that fill it up to a power of two. */
export function paddedWidth(width: number): number {
  let padded = 2;
  while (padded < width) padded *= 2;
  return padded;
}

/** Scratch that {@link sortPairs} needs. */
export function sortScratchBytes(rows: number, width: number): number {
  return rows * paddedWidth(width) * pairBytes;
}

const pairs: DispatchOperand = {
  name: 'pairs',
  place: { kind: 'scratch' },
  view: 'u32',
  isWritten: true,
};

const main = `@compute @workgroup_size(${workgroupSize})
fn main(@builtin(workgroup_id) g: vec3<u32>, @builtin(num_workgroups) n: vec3<u32>,
        @builtin(local_invocation_index) l: u32) {
  let group = g.y * n.x + g.x;`;

/**
 * Sorts (key, index) pairs of every row of input 0 in the scratch, by a bitonic network (Batcher 1968): blocks
 * in workgroup memory, wider steps in dispatches of their own. Indices break ties, so the order is stable.
 * Row r's pairs lie from word 2 · r · paddedWidth on.
 */
export function sortPairs(call: ProgramCall, facts: DeviceFacts, isDescending: boolean): readonly Dispatch[] {
  const { shape } = call.inputs[0]!;
  const width = shape.at(-1)!;
  const rows = width === 0 ? 0 : elementCount(shape) / width;
  const padded = paddedWidth(width);
  const total = rows * padded;
  const together = Math.min(padded, pairsTogether(facts));
  const parameters = (levels: Readonly<Record<string, number>>): Dispatch['parameters'] =>
    Object.entries({ padded, total, ...levels }).map(([name, value]) => ({ name, type: 'u32', value }));

  const dispatches: Dispatch[] = [
    {
      operands: [{ name: 'x', place: { kind: 'input', index: 0 }, view: 'number' }, pairs],
      parameters: parameters({ width }),
      code: `${orderKey}
${main}
  let at = group * ${workgroupSize}u + l;
  if (at >= p.total) { return; }
  let index = at % p.padded;
  var key = 0xffffffffu;
  if (index < p.width) { key = order_key(load_x(at / p.padded * p.width + index)); ${isDescending ? 'key = ~key;' : ''} }
  // What fills up comes last: its index is larger than any that is real.
  pairs[2u * at] = key;
  pairs[2u * at + 1u] = index;
}`,
      workgroups: [Math.ceil(total / workgroupSize), 1, 1],
    },
    blockDispatch(parameters({ first_level: 2, last_level: together }), total, together),
  ];
  for (let level = together * 2; level <= padded; level *= 2) {
    for (let distance = level / 2; distance >= together; distance /= 2) {
      dispatches.push(stepDispatch(parameters({ level, distance }), total));
    }
    dispatches.push(blockDispatch(parameters({ first_level: level, last_level: level }), total, together));
  }
  return dispatches;
}

const exchange = `
fn comes_after(a: vec2<u32>, b: vec2<u32>) -> bool { return a.x > b.x || (a.x == b.x && a.y > b.y); }`;

/** One step of the network between pairs that lie farther apart than a block. */
function stepDispatch(parameters: Dispatch['parameters'], total: number): Dispatch {
  return {
    operands: [pairs],
    parameters,
    code: `${exchange}
${main}
  let id = group * ${workgroupSize}u + l;
  if (id >= p.total / 2u) { return; }
  let low = id / p.distance * p.distance * 2u + id % p.distance;
  let high = low + p.distance;
  let a = vec2<u32>(pairs[2u * low], pairs[2u * low + 1u]);
  let b = vec2<u32>(pairs[2u * high], pairs[2u * high + 1u]);
  if (comes_after(a, b) == (((low % p.padded) & p.level) == 0u)) {
    pairs[2u * low] = b.x;
    pairs[2u * low + 1u] = b.y;
    pairs[2u * high] = a.x;
    pairs[2u * high + 1u] = a.y;
  }
}`,
    workgroups: [Math.ceil(total / 2 / workgroupSize), 1, 1],
  };
}

/** All steps of some levels between pairs of one block, in workgroup memory. */
function blockDispatch(parameters: Dispatch['parameters'], total: number, together: number): Dispatch {
  return {
    operands: [pairs],
    parameters,
    code: `${exchange}
var<workgroup> block: array<vec2<u32>, ${together}>;
${main}
  let first = group * ${together}u;
  if (first >= p.total) { return; }
  for (var at = l; at < ${together}u; at += ${workgroupSize}u) {
    block[at] = vec2<u32>(pairs[2u * (first + at)], pairs[2u * (first + at) + 1u]);
  }
  workgroupBarrier();
  for (var level = p.first_level; level <= p.last_level; level <<= 1u) {
    for (var distance = min(level, ${together}u) / 2u; distance > 0u; distance >>= 1u) {
      for (var id = l; id < ${together / 2}u; id += ${workgroupSize}u) {
        let low = id / distance * distance * 2u + id % distance;
        let a = block[low];
        let b = block[low + distance];
        if (comes_after(a, b) == ((((first + low) % p.padded) & level) == 0u)) {
          block[low] = b;
          block[low + distance] = a;
        }
      }
      workgroupBarrier();
    }
  }
  for (var at = l; at < ${together}u; at += ${workgroupSize}u) {
    pairs[2u * (first + at)] = block[at].x;
    pairs[2u * (first + at) + 1u] = block[at].y;
  }
}`,
    workgroups: [total / together, 1, 1],
  };
}

/** Outputs 0 (values, as they were) and 1 (indices) of width `kept` from sorted pairs. */
export function takeSorted(call: ProgramCall): readonly Dispatch[] {
  const width = call.inputs[0]!.shape.at(-1)!;
  const { dtype, shape } = call.outputs[0]!;
  const count = elementCount(shape);
  const parameters = [
    { name: 'kept', type: 'u32', value: shape.at(-1)! },
    { name: 'padded', type: 'u32', value: paddedWidth(width) },
    { name: 'width', type: 'u32', value: width },
  ] as const;
  const sorted: DispatchOperand = { name: 'pairs', place: { kind: 'scratch' }, view: 'u32' };
  const index = 'pairs[2u * (i / p.kept * p.padded + i % p.kept) + 1u]';
  return [
    mapDispatch({
      operands: [{ name: 'x', place: { kind: 'input', index: 0 }, view: 'bits' }, sorted],
      output: { index: 0, dtype, count },
      parameters,
      gives: 'bits',
      code: `fn element(i: u32) -> u32 { return load_x(i / p.kept * p.width + ${index}); }`,
    }),
    mapDispatch({
      operands: [sorted],
      output: { index: 1, dtype: 'i32', count },
      parameters,
      code: `fn element(i: u32) -> i32 { return bitcast<i32>(${index}); }`,
    }),
  ];
}
