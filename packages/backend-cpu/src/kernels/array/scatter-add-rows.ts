import { elementCount } from '@hybra/spec';
import type { CpuKernel } from '../../kernel.js';
import { sharesMemory } from '../../layout/shares-memory.js';
import { refusal, unsupported } from '../accept.js';

/** target with rows[i] added at indices[i], in order; an index outside is skipped. */
export const scatterAddRowsKernel: CpuKernel = {
  name: 'cpu/scatter-add-rows',
  op: 'scatterAddRows',
  supports: (call) => {
    if (call.inputs[1]!.dtype !== 'i32') return unsupported('scatterAddRows: indices are not i32');
    const summands = { ...call, inputs: [call.inputs[0]!, call.inputs[2]!] };
    return refusal(summands, { inputs: ['f32', 'f64', 'i32'] }) ?? { supported: true, inPlace: [[0, 0]] };
  },
  build: (call) => {
    const [rows, ...rowShape] = call.inputs[0]!.shape as [number, ...number[]];
    const width = elementCount(rowShape);
    return ([target, indices, source], [y]) => {
      if (!sharesMemory(target!, y!)) y!.set(target!);
      for (let i = 0; i < indices!.length; i++) {
        const row = indices![i]!;
        if (row < 0 || row >= rows) continue;
        for (let j = 0; j < width; j++) y![row * width + j]! += source![i * width + j]!;
      }
    };
  },
};
