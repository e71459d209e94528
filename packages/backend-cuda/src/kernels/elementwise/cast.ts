import { dtypes, elementCount } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { elementStep } from '../../launch/element-step.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { pointer } from '../../launch/launch.js';
import { isWalkable, layout } from '../../launch/layout.js';
import type { ElementAction } from '../../launch/step.js';
import { refusal, unsupported } from '../accept.js';

const steps: Readonly<Record<string, ElementAction>> = {
  'bool i32': 'boolToI32',
  'bf16 f32': 'bf16ToF32',
  'i32 u32': 'move4',
  'u32 i32': 'move4',
};

/** Any dtype to any dtype, each value rounded once. Any strides. */
export const castKernel: CudaKernel = {
  name: 'cuda/cast',
  op: 'cast',
  supports: (call) =>
    refusal(call, [dtypes]) ??
    (isWalkable(call.outputs[0]!.shape, [call.inputs[0]!.strides])
      ? { supported: true, acceptsStrided: true }
      : unsupported('cast: more than 8 axes that do not collapse')),
  plan: ({ inputs: [x], outputs: [y] }) => {
    const count = elementCount(y!.shape);
    if (count === 0) return [];
    return [
      {
        kind: 'kernel',
        module: 'cast',
        entry: `cast_${x!.dtype}_${y!.dtype}`,
        grid: elementGrid(count),
        block: elementThreads,
        parameters: [pointer(x), pointer(y), ...layout(y!.shape, [x!.strides])],
        step: elementStep(steps[`${x!.dtype} ${y!.dtype}`], [x!], y!),
      },
    ];
  },
};
