import { type DType, elementCount, type OpCall, type OpName, type ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { type Launch, pointer } from '../../launch/launch.js';
import { isWalkable, layout } from '../../launch/layout.js';
import { elementwiseInPlace, floats, refusal, unsupported } from '../accept.js';

const signed: readonly DType[] = [...floats, 'i32'];
const dtypesOf: Partial<Record<OpName, readonly DType[]>> = {
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
  not: ['bool'],
  silu: floats,
  gelu: floats,
  softplus: floats,
};

/** `cuda/neg`, `cuda/exp`, `cuda/silu`, … Any strides, in place. */
export const unaryKernels: readonly CudaKernel[] = (Object.keys(dtypesOf) as OpName[]).map((op) => ({
  name: `cuda/${op}`,
  op,
  supports: (call) => {
    const refused = refusal(call, [dtypesOf[op]!]);
    if (refused) return refused;
    if (!isWalkable(call.outputs[0]!.shape, [call.inputs[0]!.strides])) {
      return unsupported(`${op}: more than 8 axes that do not collapse`);
    }
    return { supported: true, acceptsStrided: true, inPlace: elementwiseInPlace(call, [0]) };
  },
  plan: (call) => planUnary(call),
}));

function planUnary(call: ProgramCall): readonly Launch[] {
  const [x] = call.inputs;
  const [y] = call.outputs;
  const count = elementCount(y!.shape);
  if (count === 0) return [];
  const isFloat = floats.includes(x!.dtype);
  const operands = isFloat ? [...typed(x!), ...typed(y!)] : [pointer(x), pointer(y)];
  return [
    {
      kind: 'kernel',
      module: 'unary',
      entry: `unary_${entryOf(call)}`,
      grid: elementGrid(count),
      block: elementThreads,
      parameters: [...operands, ...layout(y!.shape, [x!.strides])],
    },
  ];
}

function entryOf({ op, inputs, attributes }: OpCall): string {
  if (op === 'gelu' && attributes.approximate === 'tanh') return 'gelu_tanh';
  return inputs[0]!.dtype === 'i32' ? `${op}_i32` : op;
}
