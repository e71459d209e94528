import { contiguousStrides } from '@hybra/spec';
import type { CpuKernel } from '../../kernel.js';
import { stridedCopy } from '../../layout/strided-copy.js';
import { storedNumber } from '../../numbers/saturate.js';

/** Surrounds its input with a value. Moves elements as they are. */
export const padKernel: CpuKernel = {
  name: 'cpu/pad',
  op: 'pad',
  supports: () => ({ supported: true, acceptsStrided: true }),
  build: (call) => {
    const { shape, strides, dtype } = call.inputs[0]!;
    const targetStrides = contiguousStrides(call.outputs[0]!.shape);
    const before = call.attributes.before as readonly number[];
    const from = before.reduce((sum, count, axis) => sum + count * targetStrides[axis]!, 0);
    const value = storedNumber(dtype, call.attributes.value as number);
    const copy = stridedCopy(shape, strides, targetStrides);
    return ([x], [y]) => {
      y!.fill(value);
      copy(x!, y!, from);
    };
  },
};
