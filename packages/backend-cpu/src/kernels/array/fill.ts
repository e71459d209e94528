import type { CpuKernel } from '../../kernel.js';
import { storedNumber } from '../../numbers/saturate.js';

/** Every element is one value. */
export const fillKernel: CpuKernel = {
  name: 'cpu/fill',
  op: 'fill',
  supports: () => ({ supported: true }),
  build: (call) => {
    // `true` and `false` serve as 1 and 0.
    const value = storedNumber(call.outputs[0]!.dtype, Number(call.attributes.value));
    return (_, [y]) => {
      y!.fill(value);
    };
  },
};
