import { isFloat } from '@hybra/spec';
import {
  add,
  cast,
  cos,
  div,
  exp,
  less,
  log,
  mul,
  neg,
  pow,
  select,
  sin,
  square,
  sub,
  type Tensor,
} from '@hybra/tensor';
import { type Rule, simple } from './rule.js';

/** g is the gradient that arrives, x the input, y the output. */
function unary(derivative: (g: Tensor, x: Tensor, y: Tensor) => Tensor): Rule {
  return simple((g, [x], y) => [derivative(g, x!, y)]);
}

/** Rules of the ops that look at one element at a time. */
export const elementwiseRules = {
  neg: unary((g) => neg(g)),
  abs: unary((g, x) => select(less(0, x), g, select(less(x, 0), neg(g), 0))),
  exp: unary((g, _x, y) => mul(g, y)),
  expm1: unary((g, _x, y) => mul(g, add(y, 1))),
  log: unary((g, x) => div(g, x)),
  log1p: unary((g, x) => div(g, add(x, 1))),
  sin: unary((g, x) => mul(g, cos(x))),
  cos: unary((g, x) => neg(mul(g, sin(x)))),
  tanh: unary((g, _x, y) => mul(g, sub(1, square(y)))),
  erf: unary((g, x) => mul(g, mul(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)))),
  sqrt: unary((g, _x, y) => div(mul(g, 0.5), y)),
  reciprocal: unary((g, _x, y) => neg(mul(g, square(y)))),
  cast: simple((g, [x]) => [isFloat(x!.dtype) && isFloat(g.dtype) ? cast(g, x!.dtype) : undefined]),
  add: simple((g) => [g, g]),
  sub: ({ cotangents: [g], wanted }) => [g, wanted[1] ? neg(g!) : undefined],
  mul: ({ cotangents: [g], inputs: [a, b], wanted }) => {
    if (isSameWindow(a!, b!)) return [mul(g!, mul(a!, 2)), undefined]; // a square
    return [wanted[0] ? mul(g!, b!) : undefined, wanted[1] ? mul(g!, a!) : undefined];
  },
  div: ({ cotangents: [g], inputs: [, b], outputs: [y], wanted }) => {
    const overB = div(g!, b!);
    return [overB, wanted[1] ? neg(mul(overB, y!)) : undefined];
  },
  // Of equals the second gets all.
  minimum: ({ cotangents: [g], inputs: [a, b], wanted }) => toOne(g!, less(a!, b!), wanted),
  maximum: ({ cotangents: [g], inputs: [a, b], wanted }) => toOne(g!, less(b!, a!), wanted),
  pow: ({ cotangents: [g], inputs: [a, b], outputs: [y], wanted }) => [
    wanted[0] ? mul(g!, mul(b!, pow(a!, sub(b!, 1)))) : undefined,
    wanted[1] ? mul(g!, select(less(0, a!), mul(y!, log(a!)), 0)) : undefined,
  ],
  select: ({ cotangents: [g], inputs: [condition], wanted }) => [
    undefined,
    wanted[1] ? select(condition!, g!, 0) : undefined,
    wanted[2] ? select(condition!, 0, g!) : undefined,
  ],
  floor: () => [undefined],
} as const satisfies Record<string, Rule>;

/** Whether two tensors are the same window on the same value: what is computed from them is computed once. */
function isSameWindow(a: Tensor, b: Tensor): boolean {
  const isSameValue =
    a.value === b.value ||
    (a.value.kind === 'call' &&
      b.value.kind === 'call' &&
      a.value.node === b.value.node &&
      a.value.index === b.value.index);
  return (
    isSameValue &&
    a.offset === b.offset &&
    a.shape.every((extent, axis) => extent === b.shape[axis]) &&
    a.strides.every((stride, axis) => stride === b.strides[axis])
  );
}

/** The whole gradient to the first of two inputs where `isFirst` holds, to the second elsewhere. */
function toOne(g: Tensor, isFirst: Tensor, wanted: readonly boolean[]): (Tensor | undefined)[] {
  return [wanted[0] ? select(isFirst, g, 0) : undefined, wanted[1] ? select(isFirst, 0, g) : undefined];
}
