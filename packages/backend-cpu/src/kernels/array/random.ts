import type { CpuKernel } from '../../kernel.js';
import { philox, unitFloat } from '../../numbers/philox.js';
import { refusal } from '../accept.js';

/** Philox 4×32-10: the words of a row's blocks, or floats strictly between 0 and 1 made of them. */
export const randomKernel: CpuKernel = {
  name: 'cpu/random',
  op: 'random',
  supports: (call) =>
    refusal(call, { inputs: ['u32'], outputs: ['u32', 'f32'] }) ?? { supported: true, scratchBytes: 16 },
  build: (call) => {
    const [rows, count] = call.outputs[0]!.shape as [number, number];
    const isFloat = call.outputs[0]!.dtype === 'f32';
    return ([stream], [y], { words }) => {
      for (let row = 0; row < rows; row++) {
        const [seedLow, seedHigh, sequence, position, purpose] = streamRow(stream as Uint32Array, row);
        for (let j = 0; j < count; j++) {
          if (j % 4 === 0) philox(seedLow, seedHigh, [j / 4, position, sequence, purpose], words);
          const word = words[j % 4]!;
          y![row * count + j] = isFloat ? unitFloat(word) : word;
        }
      }
    };
  },
};

/** One row of a `stream` operand: (seed low, seed high, sequence, position, purpose). */
export function streamRow(stream: Uint32Array, row: number): [number, number, number, number, number] {
  const at = row * 5;
  return [stream[at]!, stream[at + 1]!, stream[at + 2]!, stream[at + 3]!, stream[at + 4]!];
}
