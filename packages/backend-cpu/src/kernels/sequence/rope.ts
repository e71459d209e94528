import type { CpuKernel } from '../../kernel.js';
import { refusalUnlessFloat, unsupported } from '../accept.js';
import { withHalves } from '../with-halves.js';

/**
 * Rotary position embedding (Su et al. 2021, eq. 34): pair i of the first R dimensions turns by
 * position · inverseFrequencies[i]; the rest passes. Pairs are (i, i + R/2), or (2i, 2i + 1) if `interleaved`.
 * The angle is a float32 product, as in every implementation that models were trained with. Works in place.
 */
export const ropeKernel: CpuKernel = withHalves({
  name: 'cpu/rope',
  op: 'rope',
  supports: (call) =>
    refusalUnlessFloat(call, [0, 2]) ??
    (call.inputs[1]!.dtype === 'i32'
      ? { supported: true, inPlace: [[0, 0]] }
      : unsupported('rope: positions are not i32')),
  build: (call) => {
    const [, , heads, width] = call.inputs[0]!.shape as [number, number, number, number];
    const pairs = call.inputs[2]!.shape[0]!;
    const isInterleaved = call.attributes.interleaved === true;
    const pairStep = isInterleaved ? 2 : 1;
    const partner = isInterleaved ? 1 : pairs;
    return ([x, positions, inverseFrequencies], [y]) => {
      for (let token = 0; token < positions!.length; token++) {
        const from = token * heads * width;
        for (let i = 0; i < pairs; i++) {
          const angle = Math.fround(positions![token]! * inverseFrequencies![i]!);
          const cosine = Math.cos(angle);
          const sine = Math.sin(angle);
          for (let head = 0; head < heads; head++) {
            const at = from + head * width + i * pairStep;
            const first = x![at]!;
            const second = x![at + partner]!;
            y![at] = first * cosine - second * sine;
            y![at + partner] = second * cosine + first * sine;
          }
        }
        for (let head = 0; head < heads; head++) {
          const end = from + (head + 1) * width;
          for (let at = from + head * width + 2 * pairs; at < end; at++) y![at] = x![at]!;
        }
      }
    };
  },
});
