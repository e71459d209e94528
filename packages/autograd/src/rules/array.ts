import { elementCount, isHalf } from '@hybra/spec';
import {
  add,
  cast,
  cumulativeSum,
  div,
  equal,
  expand,
  fill,
  gatherRows,
  iota,
  mul,
  reshape,
  scatterAddRows,
  select,
  slice,
  sum,
  type Tensor,
  writeRows,
} from '@hybra/tensor';
import { type Rule, simple } from './rule.js';

/** Rules of the ops that move or gather elements. */
export const arrayRules = {
  copy: simple((g) => [g]),
  sum: ({ cotangents: [g], inputs: [x], attributes }) => [
    spread(g!, x!.shape, attributes.axes as readonly number[]),
  ],
  max: ({ cotangents: [g], inputs: [x], outputs: [y], attributes }) => {
    const axes = attributes.axes as readonly number[];
    const isLargest = equal(x!, spread(y!, x!.shape, axes));
    const ties = sum(cast(isLargest, 'f32'), axes); // at least 1, except where there is nothing or NaN
    const share = div(g!, cast(ties, g!.dtype));
    return [select(isLargest, spread(share, x!.shape, axes), 0)];
  },
  cumulativeSum: ({ cotangents: [g], attributes }) => [
    cumulativeSum(g!, attributes.axis as number, { reverse: attributes.reverse !== true }),
  ],
  sort: ({ cotangents: [g], inputs: [x], outputs: [, indices] }) => {
    if (!g) return [undefined];
    const extent = x!.shape[x!.rank - 1]!;
    const rows = extent === 0 ? 0 : x!.size / extent;
    // Places in the flattened input that the sorted values came from.
    const places = add(reshape(indices!, [rows, extent]), mul(iota([rows, 1], 0), extent));
    return [reshape(scatter(x!.size, reshape(places, [-1]), reshape(g, [-1])), x!.shape)];
  },
  gatherRows: ({ cotangents: [g], inputs: [table, indices] }) => {
    const [count, ...row] = table!.shape as [number, ...number[]];
    const width = elementCount(row);
    const rows = reshape(g!, [indices!.size, width]);
    const gathered = scatterInto([count, width], reshape(indices!, [-1]), rows);
    return [reshape(gathered, table!.shape), undefined];
  },
  scatterAddRows: ({ cotangents: [g], inputs: [, indices] }) => [g, undefined, gatherRows(g!, indices!)],
  writeRows: ({ cotangents: [g], inputs: [, indices, rows], wanted }) => [
    // What was overwritten counts no more.
    wanted[0] ? writeRows(g!, indices!, fill(rows!.shape, 0, g!.dtype)) : undefined,
    undefined,
    wanted[2] ? gatherRows(g!, indices!) : undefined,
  ],
  concat: ({ cotangents: [g], inputs, attributes }) => {
    const axis = attributes.axis as number;
    let start = 0;
    return inputs.map(({ shape }) => {
      start += shape[axis]!;
      return slice(g!, axis, start - shape[axis]!, start);
    });
  },
  pad: ({ cotangents: [g], inputs: [x], attributes }) => {
    const before = attributes.before as readonly number[];
    return [
      x!.shape.reduce((view, extent, axis) => slice(view, axis, before[axis]!, before[axis]! + extent), g!),
    ];
  },
  argmax: () => [undefined],
} as const satisfies Record<string, Rule>;

/** `reduced` repeated along the axes that a reduction took away. */
function spread(reduced: Tensor, shape: readonly number[], axes: readonly number[]): Tensor {
  const kept = shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  return expand(reshape(reduced, kept), shape);
}

function scatter(size: number, places: Tensor, values: Tensor): Tensor {
  return reshape(scatterInto([size, 1], places, reshape(values, [values.size, 1])), [size]);
}

/** Zeros with rows added; halves are summed in float32. */
function scatterInto(shape: readonly number[], indices: Tensor, rows: Tensor): Tensor {
  const dtype = isHalf(rows.dtype) ? 'f32' : rows.dtype;
  return cast(scatterAddRows(fill(shape, 0, dtype), indices, cast(rows, dtype)), rows.dtype);
}
