import { elementCount } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { elementStep } from '../../launch/element-step.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { flag, pointer, u32 } from '../../launch/launch.js';
import { refusal } from '../accept.js';

/** 0, 1, 2, … along one axis. */
export const iotaKernel: CudaKernel = {
  name: 'cuda/iota',
  op: 'iota',
  supports: (call) => refusal(call, [[]], ['f32', 'f64', 'i32', 'u32']) ?? { supported: true },
  plan: ({ outputs: [y], attributes }) => {
    const count = elementCount(y!.shape);
    if (count === 0) return [];
    const axis = attributes.axis as number;
    return [
      {
        kind: 'kernel',
        module: 'move',
        entry: `iota_${y!.dtype}`,
        grid: elementGrid(count),
        block: elementThreads,
        parameters: [
          pointer(y),
          u32(y!.shape[axis] ?? 1),
          u32(elementCount(y!.shape.slice(axis + 1))),
          u32(count),
        ],
        step: elementStep(y!.dtype === 'i32' ? 'iotaI32' : undefined, [], y!, {
          shape: [count],
          numbers: [y!.shape[axis] ?? 1, elementCount(y!.shape.slice(axis + 1))],
        }),
      },
    ];
  },
};

/** Philox 4×32-10: the words of a row's blocks, or floats strictly between 0 and 1 made of them. */
export const randomKernel: CudaKernel = {
  name: 'cuda/random',
  op: 'random',
  supports: (call) => refusal(call, [['u32']], ['u32', 'f32']) ?? { supported: true },
  plan: ({ inputs: [stream], outputs: [y] }) => {
    const count = elementCount(y!.shape);
    if (count === 0) return [];
    return [
      {
        kind: 'kernel',
        module: 'move',
        entry: 'random_words',
        grid: elementGrid(count),
        block: elementThreads,
        parameters: [pointer(stream), pointer(y), u32(y!.shape[1]!), u32(count), flag(y!.dtype === 'f32')],
      },
    ];
  },
};
