import { elementCount, type ProgramCall } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { flag, type Launch, pointer, u32 } from '../../launch/launch.js';
import { isWalkable, layout } from '../../launch/layout.js';
import { floats, refusal, unsupported } from '../accept.js';

const numbers = [...floats, 'i32', 'f64'] as const;

/** Sums this short have a thread each, longer ones a block: as in native/reduce.cu. */
const shortest = 32;

/** Sum over axes, in doubles, rounded once. Any strides. */
export const sumKernel: CudaKernel = reduceKernel('sum');

/** Maximum over axes. Any strides. */
export const maxKernel: CudaKernel = reduceKernel('max');

function reduceKernel(op: 'sum' | 'max'): CudaKernel {
  return {
    name: `cuda/${op}`,
    op,
    supports: (call) => {
      const refused = refusal(call, [numbers]);
      if (refused) return refused;
      const [x] = call.inputs;
      return isWalkable(x!.shape, [x!.strides])
        ? { supported: true, acceptsStrided: true }
        : unsupported(`${op}: more than 8 axes that do not collapse`);
    },
    plan: (call) => planReduce(call, op),
  };
}

function planReduce({ inputs: [x], outputs: [y], attributes }: ProgramCall, op: string): readonly Launch[] {
  const outputs = elementCount(y!.shape);
  if (outputs === 0) return [];
  const axes = attributes.axes as readonly number[];
  const pick = (isReduced: boolean): readonly [number[], number[]] => {
    const chosen = x!.shape.map((_, axis) => axis).filter((axis) => axes.includes(axis) === isReduced);
    return [chosen.map((axis) => x!.shape[axis]!), chosen.map((axis) => x!.strides[axis]!)];
  };
  const [keptShape, keptStrides] = pick(false);
  const [reducedShape, reducedStrides] = pick(true);
  const isInteger = x!.dtype === 'i32';
  const isByThread = isInteger || elementCount(reducedShape) <= shortest;
  return [
    {
      kind: 'kernel',
      module: 'reduce',
      entry: isInteger ? `reduce_${op}_i32` : `reduce_${op}`,
      grid: isByThread ? elementGrid(outputs) : [outputs, 1, 1],
      block: elementThreads,
      parameters: [
        ...(isInteger ? [pointer(x), pointer(y)] : [...typed(x!), ...typed(y!)]),
        ...layout(keptShape, [keptStrides]),
        ...layout(reducedShape, [reducedStrides]),
      ],
    },
  ];
}

/** yₜ = x₀ + … + xₜ along one axis (from the end if `reverse`), in doubles. */
export const cumulativeSumKernel: CudaKernel = {
  name: 'cuda/cumulative-sum',
  op: 'cumulativeSum',
  supports: (call) => refusal(call, [numbers]) ?? { supported: true, inPlace: [[0, 0]] },
  plan: ({ inputs: [x], outputs: [y], attributes }) => {
    const axis = attributes.axis as number;
    const extent = x!.shape[axis]!;
    const count = elementCount(x!.shape);
    if (count === 0) return [];
    const isInteger = x!.dtype === 'i32';
    const lanes = count / extent;
    return [
      {
        kind: 'kernel',
        module: 'reduce',
        entry: isInteger ? 'cumulative_sum_i32' : 'cumulative_sum',
        grid: elementGrid(lanes),
        block: elementThreads,
        parameters: [
          ...(isInteger ? [pointer(x), pointer(y)] : [...typed(x!), ...typed(y!)]),
          u32(extent),
          u32(elementCount(x!.shape.slice(axis + 1))),
          u32(lanes),
          flag(attributes.reverse === true),
        ],
      },
    ];
  },
};
