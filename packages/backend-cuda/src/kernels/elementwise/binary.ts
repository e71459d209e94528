import { type DType, dtypes, elementCount, type OpName, type ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { elementStep } from '../../launch/element-step.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { type Launch, pointer } from '../../launch/launch.js';
import { isWalkable, layout } from '../../launch/layout.js';
import type { ElementAction } from '../../launch/step.js';
import { elementwiseInPlace, floats, refusal, unsupported } from '../accept.js';

/** For each op the dtypes it takes besides floats, and the kernel for each. */
type Entries = Readonly<Partial<Record<DType, string>>>;

const wordOf = (op: string): Entries => ({ i32: `${op}_word`, u32: `${op}_word` });
const eachOf = (op: string): Entries => ({ i32: `${op}_i32`, u32: `${op}_u32` });
const comparisonOf = (op: string): Entries =>
  Object.fromEntries(dtypes.map((dtype) => [dtype, `${op}_${dtype === 'bool' ? 'u8' : dtype}`]));

const ops: Partial<Record<OpName, { readonly takesFloats: boolean; readonly entries: Entries }>> = {
  add: { takesFloats: true, entries: wordOf('add') },
  sub: { takesFloats: true, entries: wordOf('sub') },
  mul: { takesFloats: true, entries: wordOf('mul') },
  div: { takesFloats: true, entries: eachOf('div') },
  minimum: { takesFloats: true, entries: eachOf('minimum') },
  maximum: { takesFloats: true, entries: eachOf('maximum') },
  pow: { takesFloats: true, entries: {} },
  swiglu: { takesFloats: true, entries: {} },
  less: { takesFloats: false, entries: comparisonOf('less') },
  equal: { takesFloats: false, entries: comparisonOf('equal') },
  and: { takesFloats: false, entries: { bool: 'and' } },
  or: { takesFloats: false, entries: { bool: 'or' } },
  bitAnd: { takesFloats: false, entries: wordOf('bitAnd') },
  bitOr: { takesFloats: false, entries: wordOf('bitOr') },
  bitXor: { takesFloats: false, entries: wordOf('bitXor') },
  shiftLeft: { takesFloats: false, entries: wordOf('shiftLeft') },
  shiftRight: { takesFloats: false, entries: eachOf('shiftRight') },
};

/** Those that the persistent kernel has. */
const steps: Readonly<Record<string, ElementAction>> = {
  add_word: 'addWord',
  less_i32: 'lessI32',
  equal_i32: 'equalI32',
  or: 'or',
};

/** `cuda/add`, `cuda/less`, … Any strides, in place. */
export const binaryKernels: readonly CudaKernel[] = (Object.keys(ops) as OpName[]).map((op) => {
  const { takesFloats, entries } = ops[op]!;
  const accepted = [...(takesFloats ? floats : []), ...(Object.keys(entries) as DType[])];
  return {
    name: `cuda/${op}`,
    op,
    supports: (call) => {
      const refused = refusal(call, [accepted]);
      if (refused) return refused;
      if (call.inputs[0]!.dtype !== call.inputs[1]!.dtype) return unsupported(`${op}: dtypes differ`);
      const strides = call.inputs.map((input) => input.strides);
      if (!isWalkable(call.outputs[0]!.shape, strides)) {
        return unsupported(`${op}: more than 8 axes that do not collapse`);
      }
      return { supported: true, acceptsStrided: true, inPlace: elementwiseInPlace(call, [0, 1]) };
    },
    plan: (call) => planBinary(call, takesFloats ? { f32: op, f16: op, bf16: op, ...entries } : entries),
  };
});

function planBinary({ inputs, outputs, op }: ProgramCall, entries: Entries): readonly Launch[] {
  const [a, b] = inputs;
  const [y] = outputs;
  const count = elementCount(y!.shape);
  if (count === 0) return [];
  const entry = entries[a!.dtype]!;
  const isFloat = entry === op && floats.includes(a!.dtype);
  const operands = isFloat
    ? [...typed(a!), ...typed(b!), ...typed(y!)]
    : [pointer(a), pointer(b), pointer(y)];
  return [
    {
      kind: 'kernel',
      module: 'binary',
      entry: `binary_${entry}`,
      grid: elementGrid(count),
      block: elementThreads,
      parameters: [...operands, ...layout(y!.shape, [a!.strides, b!.strides])],
      step: elementStep(steps[entry], [a!, b!], y!),
    },
  ];
}
