import { contiguousStrides } from '@hybra/spec';
import type { CpuKernel } from '../../kernel.js';
import { stridedCopy } from '../../layout/strided-copy.js';

/** Lays its inputs end to end along one axis. Moves elements as they are. */
export const concatKernel: CpuKernel = {
  name: 'cpu/concat',
  op: 'concat',
  supports: () => ({ supported: true, acceptsStrided: true }),
  build: (call) => {
    const axis = call.attributes.axis as number;
    const targetStrides = contiguousStrides(call.outputs[0]!.shape);
    let before = 0;
    const parts = call.inputs.map(({ shape, strides }) => {
      const from = before * targetStrides[axis]!;
      before += shape[axis]!;
      return { from, copy: stridedCopy(shape, strides, targetStrides) };
    });
    return (inputs, [y]) => {
      for (let i = 0; i < parts.length; i++) parts[i]!.copy(inputs[i]!, y!, parts[i]!.from);
    };
  },
};
