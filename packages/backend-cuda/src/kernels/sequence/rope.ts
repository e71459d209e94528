import { elementCount, type Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { flag, i64, pointer, u32 } from '../../launch/launch.js';
import { takesWindows } from '../../launch/windows.js';
import { floats, refusal } from '../accept.js';

/** Rotary position embedding (Su et al. 2021). x may be strided but for its last axis; in place. */
export const ropeKernel: CudaKernel = {
  name: 'cuda/rope',
  op: 'rope',
  supports: (call) =>
    refusal(call, [floats, ['i32'], ['f32']]) ?? {
      supported: true,
      acceptsStrided: takesWindows(call, { 0: 3 }),
      inPlace: takesWindows(call, {}) ? [[0, 0]] : [],
    },
  plan: ({ inputs, outputs: [y], attributes }) => {
    const [x, positions, frequencies] = inputs as [Operand, Operand, Operand];
    const [batch, time, heads, width] = x.shape as [number, number, number, number];
    if (elementCount(x.shape) === 0) return [];
    const pairs = frequencies.shape[0]!;
    return [
      {
        kind: 'kernel',
        module: 'rope',
        entry: 'rope',
        grid: elementGrid(batch * time * heads * (width - pairs)),
        block: elementThreads,
        parameters: [
          ...typed(x),
          pointer(positions),
          pointer(frequencies),
          ...typed(y!),
          u32(batch * time),
          u32(time),
          u32(heads),
          u32(width),
          u32(pairs),
          flag(attributes.interleaved === true),
          i64(x.strides[0]!),
          i64(x.strides[1]!),
          i64(x.strides[2]!),
        ],
      },
    ];
  },
};
