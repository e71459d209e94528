import { dtypes, elementCount } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { pointer } from '../../launch/launch.js';
import { isWalkable, layout } from '../../launch/layout.js';
import { refusal, unsupported } from '../accept.js';

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
      },
    ];
  },
};
