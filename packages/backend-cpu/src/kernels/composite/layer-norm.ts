import type { CpuKernel } from '../../kernel.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';

/**
 * (x − mean) / √(variance + ε) · weight + bias along the last axis (Ba, Kiros & Hinton 2016), the variance
 * around the mean, not as a difference of squares. Works in place.
 */
export const layerNormKernel: CpuKernel = withHalves({
  name: 'cpu/layer-norm',
  op: 'layerNorm',
  supports: (call) => refusalUnlessFloat(call) ?? { supported: true, inPlace: [[0, 0]] },
  build: (call) => {
    const width = call.inputs[0]!.shape.at(-1)!;
    const epsilon = call.attributes.epsilon as number;
    const hasBias = call.inputs.length > 2;
    return ([x, weight, bias], [y]) => {
      for (let from = 0; from < x!.length; from += width) {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += x![from + i]!;
        const mean = sum / width;
        let squares = 0;
        for (let i = 0; i < width; i++) squares += (x![from + i]! - mean) ** 2;
        const scale = 1 / Math.sqrt(squares / width + epsilon);
        for (let i = 0; i < width; i++) {
          const scaled = (x![from + i]! - mean) * scale * weight![i]!;
          y![from + i] = hasBias ? scaled + bias![i]! : scaled;
        }
      }
    };
  },
});
