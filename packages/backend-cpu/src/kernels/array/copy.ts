import { contiguousStrides } from '@hybra/spec';
import type { CpuKernel } from '../../kernel.js';
import { stridedCopy } from '../../layout/strided-copy.js';

/** Lays a strided view out side by side. */
export const copyKernel: CpuKernel = {
  name: 'cpu/copy',
  op: 'copy',
  supports: () => ({ supported: true, acceptsStrided: true }),
  build: (call) => {
    const { shape, strides } = call.inputs[0]!;
    const copy = stridedCopy(shape, strides, contiguousStrides(shape));
    return ([x], [y]) => copy(x!, y!, 0);
  },
};
