import type { CpuKernel } from '../../kernel.js';
import { refusal } from '../accept.js';
import { withHalves } from '../with-halves.js';

/** yₜ = x₀ + … + xₜ along one axis (from the end if `reverse`), summed in doubles. Works in place. */
export const cumulativeSumKernel: CpuKernel = withHalves({
  name: 'cpu/cumulative-sum',
  op: 'cumulativeSum',
  supports: (call) =>
    refusal(call, { inputs: ['f32', 'f64', 'i32'] }) ?? { supported: true, inPlace: [[0, 0]] },
  build: (call) => {
    const { shape } = call.inputs[0]!;
    const axis = call.attributes.axis as number;
    const isReverse = call.attributes.reverse === true;
    const extent = shape[axis]!;
    const inner = shape.slice(axis + 1).reduce((count, size) => count * size, 1);
    const outer = shape.slice(0, axis).reduce((count, size) => count * size, 1);
    const step = isReverse ? -inner : inner;
    return ([x], [y]) => {
      for (let block = 0; block < outer; block++) {
        const first = (block * extent + (isReverse ? extent - 1 : 0)) * inner;
        for (let lane = 0; lane < inner; lane++) {
          let sum = 0;
          for (let t = 0, at = first + lane; t < extent; t++, at += step) {
            sum += x![at]!;
            y![at] = sum;
          }
        }
      }
    };
  },
});
