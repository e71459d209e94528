import { contiguousStrides, type DType, type OpCall } from '@hybra/spec';
import type { CpuKernel, KernelRun } from '../../kernel.js';
import { collapse } from '../../layout/collapse.js';
import { rowWalk } from '../../layout/walk.js';
import { refusal } from '../accept.js';
import { elementwiseInPlace } from '../in-place.js';
import { withHalves } from '../with-halves.js';
import { type UnaryLoop, unaryLoops } from './unary-loops.js';

type UnaryOp = keyof typeof unaryLoops;

const floats: readonly DType[] = ['f32', 'f64'];
const signed: readonly DType[] = [...floats, 'i32'];
const bool: readonly DType[] = ['bool'];

const dtypesOf = {
  neg: signed,
  abs: signed,
  exp: floats,
  expm1: floats,
  log: floats,
  log1p: floats,
  sin: floats,
  cos: floats,
  tanh: floats,
  erf: floats,
  sqrt: floats,
  reciprocal: floats,
  floor: floats,
  not: bool,
} as const satisfies Record<UnaryOp, readonly DType[]>;

/** A kernel for each op of one element: `cpu/neg`, `cpu/exp`, … Takes any strides and works in place. */
export const unaryKernels: readonly CpuKernel[] = (Object.keys(unaryLoops) as UnaryOp[]).map((op) =>
  withHalves({
    name: `cpu/${op}`,
    op,
    supports: (call) =>
      refusal(call, { inputs: dtypesOf[op] }) ?? {
        supported: true,
        acceptsStrided: true,
        inPlace: elementwiseInPlace(call, [0]),
      },
    build: (call) => unaryRun(call, unaryLoops[op]),
  }),
);

/** Runs one loop over every row of a call with one input and one output of the same shape. */
export function unaryRun(call: OpCall, loop: UnaryLoop): KernelRun {
  const { shape, strides } = call.inputs[0]!;
  const loops = collapse(shape, [strides, contiguousStrides(shape)]);
  const walk = rowWalk(loops);
  const count = loops.shape.at(-1)!;
  const step = loops.strides[0]!.at(-1)!;
  return (inputs, outputs) => {
    const x = inputs[0]!;
    const y = outputs[0]!;
    walk((starts) => loop(x, starts[0]!, step, y, starts[1]!, count));
  };
}
