import { elementCount } from '@hybra/spec';
import type { CpuKernel } from '../../kernel.js';
import { copyRun } from '../../layout/copy-run.js';
import { unsupported } from '../accept.js';

/** rows[i] = table[indices[i]], zeros for an index outside. Moves elements as they are. */
export const gatherRowsKernel: CpuKernel = {
  name: 'cpu/gather-rows',
  op: 'gatherRows',
  supports: (call) =>
    call.inputs[1]!.dtype === 'i32' ? { supported: true } : unsupported('gatherRows: indices are not i32'),
  build: (call) => {
    const [rows, ...rowShape] = call.inputs[0]!.shape as [number, ...number[]];
    const width = elementCount(rowShape);
    return ([table, indices], [y]) => {
      for (let i = 0; i < indices!.length; i++) {
        const row = indices![i]!;
        if (row >= 0 && row < rows) copyRun(table!, row * width, y!, i * width, width);
        else y!.fill(0, i * width, (i + 1) * width);
      }
    };
  },
};
