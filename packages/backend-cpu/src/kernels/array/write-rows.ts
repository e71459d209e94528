import { elementCount } from '@hybra/spec';
import type { CpuKernel } from '../../kernel.js';
import { copyRun } from '../../layout/copy-run.js';
import { sharesMemory } from '../../layout/shares-memory.js';
import { unsupported } from '../accept.js';

/** target with rows[i] at indices[i]; an index outside is skipped. Moves elements as they are. */
export const writeRowsKernel: CpuKernel = {
  name: 'cpu/write-rows',
  op: 'writeRows',
  supports: (call) =>
    call.inputs[1]!.dtype === 'i32'
      ? { supported: true, inPlace: [[0, 0]] }
      : unsupported('writeRows: indices are not i32'),
  build: (call) => {
    const [rows, ...rowShape] = call.inputs[0]!.shape as [number, ...number[]];
    const width = elementCount(rowShape);
    return ([target, indices, source], [y]) => {
      if (!sharesMemory(target!, y!)) y!.set(target!);
      for (let i = 0; i < indices!.length; i++) {
        const row = indices![i]!;
        if (row >= 0 && row < rows) copyRun(source!, i * width, y!, row * width, width);
      }
    };
  },
};
