import type { CpuKernel } from '../../kernel.js';
import { refusal } from '../accept.js';

/** 0, 1, 2, … along one axis. */
export const iotaKernel: CpuKernel = {
  name: 'cpu/iota',
  op: 'iota',
  supports: (call) =>
    refusal(call, { inputs: [], outputs: ['f32', 'f64', 'i32', 'u32'] }) ?? { supported: true },
  build: (call) => {
    const axis = call.attributes.axis as number;
    const { shape } = call.outputs[0]!;
    const extent = shape[axis] ?? 1;
    const inner = shape.slice(axis + 1).reduce((count, size) => count * size, 1);
    return (_, [y]) => {
      for (let from = 0, value = 0; from < y!.length; from += inner) {
        y!.fill(value, from, from + inner);
        value = value + 1 === extent ? 0 : value + 1;
      }
    };
  },
};
