import { elementCount, type Operand } from '@hybra/spec';
import type { CudaKernel } from '../../kernel.js';
import { typed } from '../../launch/dtype-code.js';
import { rowThreads } from '../../launch/grid.js';
import { flag, pointer, u32 } from '../../launch/launch.js';
import { floats, refusal } from '../accept.js';

/** e^(x − max) / Σ e^(x − max) along the last axis; a row of −∞ gives zeros. In place. */
export const softmaxKernel: CudaKernel = softmaxLike('cuda/softmax', 'softmax');

/** x − max − log Σ e^(x − max) along the last axis. In place. */
export const logSoftmaxKernel: CudaKernel = softmaxLike('cuda/log-softmax', 'logSoftmax');

function softmaxLike(name: string, op: 'softmax' | 'logSoftmax'): CudaKernel {
  return {
    name,
    op,
    supports: (call) => refusal(call, [floats]) ?? { supported: true, inPlace: [[0, 0]] },
    plan: ({ inputs: [x], outputs: [y] }) => {
      const width = x!.shape.at(-1) ?? 1;
      const count = elementCount(x!.shape);
      if (count === 0) return [];
      return [
        {
          kind: 'kernel',
          module: 'rows',
          entry: 'softmax_rows',
          grid: [count / width, 1, 1],
          block: rowThreads(width),
          parameters: [...typed(x!), ...typed(y!), u32(width), flag(op === 'logSoftmax')],
        },
      ];
    },
  };
}

/** −log softmax(logits)[target] in nats, per row; 0 for a target outside the vocabulary. */
export const crossEntropyKernel: CudaKernel = {
  name: 'cuda/cross-entropy',
  op: 'crossEntropy',
  supports: (call) => refusal(call, [floats, ['i32']], ['f32']) ?? { supported: true },
  plan: ({ inputs, outputs: [loss] }) => {
    const [logits, targets] = inputs as [Operand, Operand];
    const [rows, width] = logits.shape as [number, number];
    if (rows === 0) return [];
    return [
      {
        kind: 'kernel',
        module: 'rows',
        entry: 'cross_entropy',
        grid: [rows, 1, 1],
        block: rowThreads(width),
        parameters: [...typed(logits), pointer(targets), pointer(loss), u32(width)],
      },
    ];
  },
};
