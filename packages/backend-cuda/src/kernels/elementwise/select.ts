import { byteSize, dtypes, elementCount } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { elementStep } from '../../launch/element-step.js';
import { elementGrid, elementThreads } from '../../launch/grid.js';
import { pointer } from '../../launch/launch.js';
import { isWalkable, layout } from '../../launch/layout.js';
import type { ElementAction } from '../../launch/step.js';
import { elementwiseInPlace, refusal, unsupported } from '../accept.js';

/** Steps by the bytes of an element. */
const selects: Readonly<Record<number, ElementAction>> = { 1: 'select1', 4: 'select4' };

/** `a` where the condition holds, else `b`. Moves elements as they are. */
export const selectKernel: CudaKernel = {
  name: 'cuda/select',
  op: 'select',
  supports: (call) => {
    const refused = refusal(call, [['bool'], dtypes]);
    if (refused) return refused;
    const [, a, b] = call.inputs;
    if (a!.dtype !== b!.dtype) return unsupported('select: dtypes differ');
    const strides = call.inputs.map((input) => input.strides);
    if (!isWalkable(call.outputs[0]!.shape, strides)) {
      return unsupported('select: more than 8 axes that do not collapse');
    }
    return { supported: true, acceptsStrided: true, inPlace: elementwiseInPlace(call, [1, 2]) };
  },
  plan: ({ inputs, outputs: [y] }) => {
    const count = elementCount(y!.shape);
    if (count === 0) return [];
    return [
      {
        kind: 'kernel',
        module: 'move',
        entry: `select_${byteSize(y!.dtype)}`,
        grid: elementGrid(count),
        block: elementThreads,
        parameters: [
          ...inputs.map(pointer),
          pointer(y),
          ...layout(
            y!.shape,
            inputs.map((input) => input.strides),
          ),
        ],
        step: elementStep(selects[byteSize(y!.dtype)], inputs, y!),
      },
    ];
  },
};
