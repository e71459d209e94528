import type { OpName } from '@hybra/spec';
import type { OpDefinition } from '../graph/op-definition.js';
import { argmaxDefinition } from './array/argmax.js';
import { concatDefinition } from './array/concat.js';
import { copyDefinition } from './array/copy.js';
import { cumulativeSumDefinition } from './array/cumulative-sum.js';
import { fillDefinition } from './array/fill.js';
import { gatherRowsDefinition } from './array/gather-rows.js';
import { iotaDefinition } from './array/iota.js';
import { matmulDefinition } from './array/matmul.js';
import { padDefinition } from './array/pad.js';
import { randomDefinition } from './array/random.js';
import { maxDefinition, sumDefinition } from './array/reduce.js';
import { scatterAddRowsDefinition, writeRowsDefinition } from './array/scatter-rows.js';
import { sortDefinition } from './array/sort.js';
import { binaryDefinitions } from './elementwise/binary.js';
import { castDefinition } from './elementwise/cast.js';
import { notDefinition } from './elementwise/not.js';
import { selectDefinition } from './elementwise/select.js';
import { unaryDefinitions } from './elementwise/unary.js';

export { argmax } from './array/argmax.js';
export { concat } from './array/concat.js';
export { copy } from './array/copy.js';
export { type CumulativeSumOptions, cumulativeSum } from './array/cumulative-sum.js';
export { fill } from './array/fill.js';
export { gatherRows } from './array/gather-rows.js';
export { iota } from './array/iota.js';
export { literal, scalar } from './array/literal.js';
export { type MatmulOptions, matmul } from './array/matmul.js';
export { pad } from './array/pad.js';
export { random } from './array/random.js';
export { type Axes, max, mean, type ReduceOptions, sum } from './array/reduce.js';
export { scatterAddRows, writeRows } from './array/scatter-rows.js';
export { type Sorted, type SortOptions, sort } from './array/sort.js';
export type { Operand } from './broadcast.js';
export {
  add,
  and,
  bitAnd,
  bitOr,
  bitXor,
  div,
  equal,
  less,
  maximum,
  minimum,
  mul,
  or,
  pow,
  shiftLeft,
  shiftRight,
  sub,
} from './elementwise/binary.js';
export { cast } from './elementwise/cast.js';
export {
  clamp,
  greater,
  greaterEqual,
  lessEqual,
  relu,
  rsqrt,
  sigmoid,
  square,
} from './elementwise/derived.js';
export { not } from './elementwise/not.js';
export { select } from './elementwise/select.js';
export {
  abs,
  cos,
  erf,
  exp,
  expm1,
  floor,
  log,
  log1p,
  neg,
  reciprocal,
  sin,
  sqrt,
  tanh,
} from './elementwise/unary.js';

/** Every op of this version, by name. */
export const opDefinitions: Partial<Record<OpName, OpDefinition>> = {
  ...unaryDefinitions,
  ...binaryDefinitions,
  cast: castDefinition,
  not: notDefinition,
  select: selectDefinition,
  sum: sumDefinition,
  max: maxDefinition,
  argmax: argmaxDefinition,
  cumulativeSum: cumulativeSumDefinition,
  sort: sortDefinition,
  matmul: matmulDefinition,
  gatherRows: gatherRowsDefinition,
  scatterAddRows: scatterAddRowsDefinition,
  writeRows: writeRowsDefinition,
  concat: concatDefinition,
  pad: padDefinition,
  fill: fillDefinition,
  iota: iotaDefinition,
  random: randomDefinition,
  copy: copyDefinition,
};
