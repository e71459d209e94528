import type { OpCall, ProgramCall } from '@hybra/spec';
import type { Dispatch, WebGpuKernel } from '../../kernel.js';
import { floats, refusal } from '../accept.js';
import { copiesInput } from '../array/write-rows.js';
import { numbers } from '../composite/row-dispatch.js';
import {
  type ChunkPart,
  carriedOperand,
  chunkLength,
  chunkMain,
  poolOperand,
  yOperand,
} from './channel-chunks.js';
import { counts, gridMain } from './pool.js';

/** Index of the state pool among the inputs. */
const states = 2;

interface LruSizes {
  readonly batch: number;
  readonly T: number;
  readonly D: number;
  readonly S: number;
  readonly chunks: number;
}

/**
 * The gated linear recurrence of Griffin (De et al. 2024, eq. 4), an invocation per channel and chunk: each chunk
 * alone from zero, then the states passed from chunk to chunk, then each chunk again from the state before it. A
 * sequence of one chunk takes the last of these dispatches only.
 */
export const rgLruKernel: WebGpuKernel = {
  name: 'webgpu/rg-lru',
  op: 'rgLru',
  supports: (call) => {
    const refused = refusal(call, [floats, ['f32'], ['f32'], ['i32']], [['f32']]);
    if (refused) return refused;
    const { batch, D, chunks } = sizesOf(call);
    return {
      supported: true,
      acceptsStrided: true,
      inPlace: [[1, states]],
      ...(chunks > 1 && { scratchBytes: 8 * batch * chunks * D }),
    };
  },
  build: (call, context) => {
    const copies = context.isInPlace(1, states) ? [] : copiesInput(call, states, 1);
    const sizes = sizesOf(call);
    if (sizes.chunks <= 1) return [...copies, scan(sizes, 'whole')];
    return [...copies, scan(sizes, 'states'), pass(sizes), scan(sizes, 'outputs')];
  },
};

function sizesOf(call: OpCall | ProgramCall): LruSizes {
  const [batch, T, D] = call.inputs[0]!.shape as [number, number, number];
  return { batch, T, D, S: call.inputs[states]!.shape[0]!, chunks: Math.ceil(T / chunkLength) };
}

/** A factor of 0 forgets, even what is not finite. */
const decayed = `
fn decayed(log_decay: f32, state: f32, added: f32) -> f32 {
  let a = exp_f(log_decay);
  return select(fma(a, state, added), added, a == 0.0);
}`;

function pass(sizes: LruSizes): Dispatch {
  const count = sizes.batch * sizes.D;
  return {
    operands: [numbers('slots', 3), carriedOperand, poolOperand],
    parameters: counts({ ...sizes, count }),
    code: `${decayed}
${gridMain(64)}
  let id = group * 64u + l;
  if (id >= p.count) { return; }
  let slot = bitcast<u32>(load_slots(id / p.D));
  if (slot >= p.S) { return; }
  let place = slot * p.D + id % p.D;
  var state = pool[place];
  for (var chunk = 0u; chunk < p.chunks; chunk++) {
    let at = ((id / p.D * p.chunks + chunk) * p.D + id % p.D) * 2u;
    let added = carried[at];
    carried[at] = state;
    state = decayed(carried[at + 1u], state, added);
  }
  pool[place] = state;
}`,
    workgroups: [Math.ceil(count / 64), 1, 1],
  };
}

/** Carried, per chunk and channel: the state, and the sum of logarithms of what it is multiplied by. */
function scan(sizes: LruSizes, part: ChunkPart): Dispatch {
  const count = sizes.batch * Math.max(sizes.chunks, 1) * sizes.D;
  const hasOutputs = part !== 'states';
  const [begin, finish] = {
    whole: ['h = pool[slot * p.D + channel];', 'pool[slot * p.D + channel] = h;'],
    states: ['', 'carried[at] = h;\n  carried[at + 1u] = total;'],
    outputs: ['h = carried[at];', ''],
  }[part] as [string, string];
  return {
    operands: [
      numbers('x', 0),
      numbers('log_decay', 1),
      numbers('slots', 3),
      ...(hasOutputs ? [yOperand] : []),
      part === 'whole' ? poolOperand : carriedOperand,
    ],
    parameters: counts({ ...sizes, count }),
    code: `${decayed}
${chunkMain(part)}
  let at = id * 2u;
  var h = 0.0;
  ${begin}
  var total = 0.0;
  for (var t = first; t < end; t++) {
    let place = (b * p.T + t) * p.D + channel;
    let log_decay = load_log_decay(place);
    // 0 leaves the state as it is, even where x is not finite.
    if (log_decay != 0.0) {
      total += log_decay;
      h = decayed(log_decay, h, sqrt(-expm1_f(2.0 * log_decay)) * load_x(place));
    }
    ${hasOutputs ? 'y[place] = h;' : ''}
  }
  ${finish}
}`,
    workgroups: [Math.ceil(count / 64), 1, 1],
  };
}
