import type { CpuKernel } from '../../kernel.js';
import { sharesMemory } from '../../layout/shares-memory.js';
import { refusalUnlessFloat } from '../accept.js';
import { withHalves } from '../with-halves.js';
import { slotAccess } from './pool-slot.js';

const states = 2;

/** RG-LRU over a sequence, as its recurrence. States are updated in place. */
export const rgLruKernel: CpuKernel = withHalves(
  {
    name: 'cpu/rg-lru',
    op: 'rgLru',
    supports: (call) => {
      const pool = call.inputs[states]!;
      return (
        refusalUnlessFloat(call, [0, 1, states]) ?? {
          supported: true,
          inPlace: [[1, states]],
          scratchBytes: slotAccess(pool.dtype, pool.shape[1]!).scratchBytes,
        }
      );
    },
    build: (call) => {
      const [, T, D] = call.inputs[0]!.shape as [number, number, number];
      const slotCount = call.inputs[states]!.shape[0]!;
      const access = slotAccess(call.inputs[states]!.dtype, D);
      return ([x, logDecay, before, slots], [y, pool], scratch) => {
        if (!sharesMemory(before!, pool!)) pool!.set(before!);
        for (let b = 0; b < slots!.length; b++) {
          const slot = slots![b]!;
          if (slot < 0 || slot >= slotCount) {
            y!.fill(0, b * T * D, (b + 1) * T * D);
            continue;
          }
          const { numbers: h, from } = access.open(pool!, slot, scratch);
          for (let t = 0; t < T; t++) {
            for (let d = 0; d < D; d++) {
              const at = (b * T + t) * D + d;
              const log = logDecay![at]!;
              // log a = 0 leaves the state as it is, to the bit, and even where x is not finite.
              if (log !== 0) {
                const kept = Math.sqrt(-Math.expm1(2 * log));
                h[from + d] = Math.exp(log) * h[from + d]! + kept * x![at]!;
              }
              y![at] = h[from + d]!;
            }
          }
          access.close(pool!, slot, scratch);
        }
      };
    },
  },
  { inputs: [states], outputs: [1] },
);
