import { contiguousStrides, type DType, dtypes, isInteger, type OpCall, type OpName } from '@hybra/spec';
import type { CpuKernel, KernelRun } from '../../kernel.js';
import { collapse } from '../../layout/collapse.js';
import { rowWalk } from '../../layout/walk.js';
import { refusal, unsupported } from '../accept.js';
import { elementwiseInPlace } from '../in-place.js';
import { withHalves } from '../with-halves.js';
import { type BinaryLoop, integerLoops, numberLoops } from './binary-loops.js';

const floats: readonly DType[] = ['f32', 'f64'];
const integers: readonly DType[] = ['i32', 'u32'];
const numbers: readonly DType[] = [...floats, ...integers];
const bool: readonly DType[] = ['bool'];

interface Entry {
  readonly op: OpName;
  readonly inputs: readonly DType[];
  readonly outputs?: readonly DType[];
  /** The loop for inputs of this dtype. */
  readonly loop: (dtype: DType) => BinaryLoop;
}

const entries: readonly Entry[] = [
  { op: 'add', inputs: numbers, loop: () => numberLoops.add },
  { op: 'sub', inputs: numbers, loop: () => numberLoops.sub },
  { op: 'mul', inputs: numbers, loop: (dtype) => (isInteger(dtype) ? integerLoops.mul : numberLoops.mul) },
  { op: 'div', inputs: numbers, loop: (dtype) => (isInteger(dtype) ? integerLoops.div : numberLoops.div) },
  { op: 'minimum', inputs: numbers, loop: () => numberLoops.minimum },
  { op: 'maximum', inputs: numbers, loop: () => numberLoops.maximum },
  { op: 'pow', inputs: floats, loop: () => numberLoops.pow },
  { op: 'less', inputs: dtypes, outputs: bool, loop: () => numberLoops.less },
  { op: 'equal', inputs: dtypes, outputs: bool, loop: () => numberLoops.equal },
  { op: 'and', inputs: bool, loop: () => integerLoops.bitAnd },
  { op: 'or', inputs: bool, loop: () => integerLoops.bitOr },
  { op: 'bitAnd', inputs: integers, loop: () => integerLoops.bitAnd },
  { op: 'bitOr', inputs: integers, loop: () => integerLoops.bitOr },
  { op: 'bitXor', inputs: integers, loop: () => integerLoops.bitXor },
  { op: 'shiftLeft', inputs: integers, loop: () => integerLoops.shiftLeft },
  {
    op: 'shiftRight',
    inputs: integers,
    loop: (dtype) => (dtype === 'u32' ? integerLoops.shiftRightLogical : integerLoops.shiftRight),
  },
];

/**
 * A kernel for each op of two elements: `cpu/add`, `cpu/less`, … Takes any strides. Works in place over an
 * input whose elements are as wide as the output's.
 */
export const binaryKernels: readonly CpuKernel[] = entries.map(({ op, inputs, outputs, loop }) =>
  withHalves({
    name: `cpu/${op}`,
    op,
    supports: (call) => {
      const refused = refusal(call, outputs ? { inputs, outputs } : { inputs });
      if (refused) return refused;
      if (call.inputs[0]!.dtype !== call.inputs[1]!.dtype) return unsupported(`${op}: dtypes differ`);
      return { supported: true, acceptsStrided: true, inPlace: elementwiseInPlace(call, [0, 1]) };
    },
    build: (call) => binaryRun(call, loop(call.inputs[0]!.dtype)),
  }),
);

/** Runs one loop over every row of a call with two inputs and one output of the same shape. */
export function binaryRun(call: OpCall, loop: BinaryLoop): KernelRun {
  const { shape } = call.outputs[0]!;
  const operands = [call.inputs[0]!.strides, call.inputs[1]!.strides, contiguousStrides(shape)];
  const loops = collapse(shape, operands);
  const walk = rowWalk(loops);
  const count = loops.shape.at(-1)!;
  const aStep = loops.strides[0]!.at(-1)!;
  const bStep = loops.strides[1]!.at(-1)!;
  return (inputs, outputs) => {
    const a = inputs[0]!;
    const b = inputs[1]!;
    const y = outputs[0]!;
    walk((starts) => loop(a, starts[0]!, aStep, b, starts[1]!, bStep, y, starts[2]!, count));
  };
}
