import { elementCount } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { f32, pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { refusal, unsupported } from '../accept.js';

const mostBlocks = 132 * 4;

/** Σ x² over all elements, in doubles, joined in the order of blocks. */
export const sumOfSquaresKernel: CudaKernel = {
  name: 'cuda/sum-of-squares',
  op: 'sumOfSquares',
  supports: (call) =>
    refusal(call, [['f32']]) ?? {
      supported: true,
      scratchBytes: blocksFor(elementCount(call.inputs[0]!.shape)) * 8,
    },
  plan: (call) => {
    const count = elementCount(call.inputs[0]!.shape);
    const blocks = blocksFor(count);
    const parts = scratchOf(call);
    return [
      {
        kind: 'kernel',
        module: 'training',
        entry: 'squares_parts',
        grid: [blocks, 1, 1],
        block: elementThreads,
        parameters: [pointer(call.inputs[0]), pointerTo(parts), u32(count)],
      },
      {
        kind: 'kernel',
        module: 'training',
        entry: 'squares_join',
        grid: [1, 1, 1],
        block: elementThreads,
        parameters: [pointerTo(parts), pointer(call.outputs[0]), u32(blocks)],
      },
    ];
  },
};

function blocksFor(count: number): number {
  return Math.max(1, Math.min(Math.ceil(count / 2048), mostBlocks));
}

/** One step of AdamW; parameter and moments are updated in place. */
export const adamwStepKernel: CudaKernel = {
  name: 'cuda/adamw-step',
  op: 'adamwStep',
  supports: (call) =>
    refusal(call, [['f32']]) ?? {
      supported: true,
      inPlace: [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
    },
  plan: ({ inputs, outputs, attributes }) => {
    const count = elementCount(inputs[0]!.shape);
    if (count === 0) return [];
    const { beta1, beta2, epsilon, decay } = attributes as Readonly<Record<string, number>>;
    return [
      {
        kind: 'kernel',
        module: 'training',
        entry: 'adamw_step',
        grid: elementGrid(count),
        block: elementThreads,
        parameters: [
          ...[...inputs, ...outputs].map(pointer),
          u32(count),
          ...[beta1!, beta2!, epsilon!, decay!].map(f32),
        ],
      },
    ];
  },
};

/** dloss · (softmax − one-hot of the target), a block for a row. */
export const crossEntropyGradientKernel: CudaKernel = {
  name: 'cuda/cross-entropy-gradient',
  op: 'crossEntropyGradient',
  supports: (call) => {
    const refused = refusal(call, [['f32'], ['i32'], ['f32']]);
    if (refused) return refused;
    return elementCount(call.inputs[0]!.shape) === 0
      ? unsupported('crossEntropyGradient: no elements')
      : { supported: true };
  },
  plan: ({ inputs, outputs }) => {
    const [rows, classes] = inputs[0]!.shape as [number, number];
    return [
      {
        kind: 'kernel',
        module: 'training',
        entry: 'cross_entropy_gradient',
        grid: [rows, 1, 1],
        block: elementThreads,
        parameters: [...inputs.map(pointer), ...typed(outputs[0]!), u32(classes)],
      },
    ];
  },
};
