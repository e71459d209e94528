import type { CudaKernel } from '../../kernel.js';
import { pointer, pointerTo, scratchOf, u32 } from '../../launch/launch.js';
import { refusal } from '../accept.js';

/**
 * Draws a token per row: penalties, temperature, top-k, top-p, min-p, then Gumbel-max, on doubles as in the
 * reference. Scratch holds a double per logit.
 */
export const sampleKernel: CudaKernel = {
  name: 'cuda/sample',
  op: 'sample',
  supports: (call) => {
    const refused = refusal(call, [['f32'], ['f32'], ['i32'], ['u32']]);
    if (refused) return refused;
    const [rows, width] = call.inputs[0]!.shape as [number, number];
    return { supported: true, scratchBytes: rows * width * 8 };
  },
  plan: (call) => {
    const [rows, width] = call.inputs[0]!.shape as [number, number];
    if (rows === 0) return [];
    return [
      {
        kind: 'kernel',
        module: 'sample',
        entry: 'sample_rows',
        grid: [rows, 1, 1],
        block: 1024,
        parameters: [
          ...call.inputs.map(pointer),
          pointer(call.outputs[0]),
          pointerTo(scratchOf(call)),
          u32(width),
        ],
      },
    ];
  },
};
