import type { Device } from '@hybra/spec';
import fc from 'fast-check';
import type { Tensors, Traced } from '../src/compile/compile.js';
import type { Tensor } from '../src/graph/tensor.js';
import { transfer } from '../src/graph/transfer.js';
import { expand, reshape, slice, transpose } from '../src/graph/views.js';
import { add, cumulativeSum, fill, mul, neg, sub } from '../src/ops/index.js';

/** All values of a random graph are squares, so that any two fit and transposing is always possible. */
export const side = 3;

/** One step: what to apply, to which earlier values, on which device. */
export interface Step {
  readonly kind: (typeof kinds)[number];
  readonly first: number;
  readonly second: number;
  readonly device: number;
}

/** A graph as data, so that a failing one can be shrunk and shown. */
export interface RandomGraph {
  readonly steps: readonly Step[];
  readonly outputs: readonly number[];
  /** For each state the value that replaces it; left out: it stays as it is. */
  readonly states: readonly (number | undefined)[];
}

const kinds = ['neg', 'add', 'sub', 'mul', 'cumulativeSum', 'fill', 'transpose', 'row', 'column'] as const;
const index = fc.nat({ max: 1000 });

/** Random graphs over one input and `stateCount` states. */
export function randomGraph(stateCount: number): fc.Arbitrary<RandomGraph> {
  return fc.record({
    steps: fc.array(
      fc.record({ kind: fc.constantFrom(...kinds), first: index, second: index, device: fc.nat({ max: 1 }) }),
      { maxLength: 14 },
    ),
    outputs: fc.array(index, { maxLength: 3 }),
    states: fc.array(fc.option(index, { nil: undefined }), { minLength: stateCount, maxLength: stateCount }),
  });
}

/** Records a random graph. Indices count back from the newest value, so that most of a graph is used. */
export function buildGraph(
  graph: RandomGraph,
  devices: readonly Device[],
  { inputs, states }: { readonly inputs: Tensors; readonly states: Tensors },
): Traced {
  const values = [inputs.x!, ...Object.values(states)];
  const pick = (at: number, on: Device | undefined): Tensor => {
    const value = values[values.length - 1 - (at % values.length)]!;
    return on === undefined ? value : transfer(value, on);
  };
  for (const { kind, first, second, device } of graph.steps) {
    const on = devices[device % devices.length]!;
    values.push(apply(kind, pick(first, on), pick(second, on)));
  }
  return {
    outputs: Object.fromEntries(graph.outputs.map((at, name) => [`y${name}`, pick(at, undefined)])),
    states: Object.fromEntries(
      Object.keys(states).flatMap((name, at) => {
        const next = graph.states[at];
        return next === undefined ? [] : [[name, pick(next, states[name]!.device)]];
      }),
    ),
  };
}

function apply(kind: Step['kind'], a: Tensor, b: Tensor): Tensor {
  switch (kind) {
    case 'neg':
      return neg(a);
    case 'add':
      return add(a, b);
    case 'sub':
      return sub(a, b);
    case 'mul':
      return mul(a, b);
    case 'cumulativeSum':
      return cumulativeSum(a);
    case 'fill':
      return fill([side, side], 2, 'i32');
    case 'transpose':
      return transpose(a);
    case 'row':
      return expand(slice(a, 0, 1, 2), [side, side]);
    case 'column':
      return expand(reshape(slice(a, 1, 2, 3), [side, 1]), [side, side]);
  }
}
