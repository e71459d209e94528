import type { OpCall, ProgramCall } from '@hybra/spec';
import type { BuildContext, Dispatch, WebGpuKernel } from '../../kernel.js';
import { unsupported } from '../accept.js';
import { numbers } from '../composite/row-dispatch.js';
import {
  type ChunkPart,
  carriedOperand,
  chunkLength,
  chunkMain,
  poolOperand,
  yOperand,
} from './channel-chunks.js';
import { counts, gridMain, poolCopy, scanSupport, states } from './pool.js';

/** Largest state of a channel that an invocation keeps in registers. */
const mostStates = 64;

interface SelectiveSizes {
  readonly batch: number;
  readonly T: number;
  readonly D: number;
  readonly N: number;
  readonly chunks: number;
  readonly S: number;
}

/**
 * Mamba-1 over a sequence (Gu & Dao 2023, Alg. 2), one invocation per channel and chunk with the state in
 * registers: each chunk alone from zero, then the states passed from chunk to chunk, then each chunk again from
 * the state before it. A sequence of one chunk takes the last of these dispatches only.
 */
export const selectiveScanKernel: WebGpuKernel = selectiveKernel('webgpu/selective-chunks', 'selectiveScan');

/** One step of Mamba-1. */
export const selectiveStepKernel: WebGpuKernel = selectiveKernel('webgpu/selective-step', 'selectiveStep');

function selectiveKernel(name: string, op: 'selectiveScan' | 'selectiveStep'): WebGpuKernel {
  return {
    name,
    op,
    supports: (call) => {
      const sizes = sizesOf(call);
      if (sizes.N > mostStates) return unsupported(`${op}: more than ${mostStates} states per channel`);
      return scanSupport(call, scratchBytes(sizes));
    },
    build: (call, context) => build(call, context, sizesOf(call)),
  };
}

function sizesOf(call: OpCall): SelectiveSizes {
  const { shape } = call.inputs[0]!;
  const [batch, T, D] = (shape.length === 2 ? [shape[0], 1, shape[1]] : shape) as [number, number, number];
  const N = call.inputs[2]!.shape[1]!;
  return { batch, T, D, N, chunks: Math.ceil(T / chunkLength), S: call.inputs[states]!.shape[0]! };
}

/** Scratch: the state that each chunk adds (then the one before it), and Σ dt, both per channel. */
function scratchBytes({ batch, D, N, chunks }: SelectiveSizes): number {
  return chunks > 1 ? 4 * batch * chunks * D * (N + 1) : 0;
}

function build(call: ProgramCall, context: BuildContext, sizes: SelectiveSizes): readonly Dispatch[] {
  const { batch, D, N, chunks } = sizes;
  const copies = poolCopy(call, context);
  if (chunks <= 1) return [...copies, scan(sizes, 'whole')];
  const count = batch * D * N;
  const pass: Dispatch = {
    operands: [numbers('A', 2), numbers('slots', 6), carriedOperand, poolOperand],
    parameters: counts({ ...sizes, count }),
    code: `${gridMain(256)}
  let id = group * 256u + l;
  if (id >= p.count) { return; }
  let channel = id / p.N % p.D;
  let b = id / p.N / p.D;
  let slot = bitcast<u32>(load_slots(b));
  if (slot >= p.S) { return; }
  let place = (slot * p.D + channel) * p.N + id % p.N;
  var state = pool[place];
  for (var chunk = 0u; chunk < p.chunks; chunk++) {
    let at = ((b * p.chunks + chunk) * p.D + channel) * (p.N + 1u);
    let added = carried[at + id % p.N];
    carried[at + id % p.N] = state;
    state = fma(exp_f(carried[at + p.N] * load_A(channel * p.N + id % p.N)), state, added);
  }
  pool[place] = state;
}`,
    workgroups: [Math.ceil(count / 256), 1, 1],
  };
  return [...copies, scan(sizes, 'states'), pass, scan(sizes, 'outputs')];
}

/** The recurrence over one chunk (or all, of at most one). */
function scan(sizes: SelectiveSizes, part: ChunkPart): Dispatch {
  const { batch, D, N, chunks } = sizes;
  const count = batch * Math.max(chunks, 1) * D;
  const hasOutputs = part !== 'states';
  const ends = {
    whole: [
      `for (var k = 0u; k < ${N}u; k++) { h[k] = pool[(slot * p.D + channel) * ${N}u + k]; }`,
      `for (var k = 0u; k < ${N}u; k++) { pool[(slot * p.D + channel) * ${N}u + k] = h[k]; }`,
    ],
    states: [
      '',
      `for (var k = 0u; k < ${N}u; k++) { carried[at + k] = h[k]; }
  carried[at + ${N}u] = total_dt;`,
    ],
    outputs: [`for (var k = 0u; k < ${N}u; k++) { h[k] = carried[at + k]; }`, ''],
  }[part] as [string, string];
  return {
    operands: [
      numbers('x', 0),
      numbers('dt', 1),
      numbers('A', 2),
      numbers('B', 3),
      ...(hasOutputs ? [numbers('C', 4), yOperand] : []),
      numbers('slots', 6),
      ...(part === 'whole' ? [poolOperand] : [carriedOperand]),
    ],
    parameters: counts({ ...sizes, count }),
    code: `${chunkMain(part)}
  let at = ((b * p.chunks + chunk) * p.D + channel) * ${N + 1}u;
  var h: array<f32, ${N}>;
  ${ends[0]}
  var total_dt = 0.0;
  for (var t = first; t < end; t++) {
    let place = (b * p.T + t) * p.D + channel;
    let map = (b * p.T + t) * ${N}u;
    let dt = load_dt(place);
    ${hasOutputs ? 'var sum = 0.0;' : ''}
    // dt = 0 leaves the state as it is, even where x is not finite.
    if (dt != 0.0) {
      total_dt += dt;
      let input = dt * load_x(place);
      for (var k = 0u; k < ${N}u; k++) {
        h[k] = fma(exp_f(dt * load_A(channel * ${N}u + k)), h[k], input * load_B(map + k));
      }
    }
    ${
      hasOutputs
        ? `for (var k = 0u; k < ${N}u; k++) { sum = fma(load_C(map + k), h[k], sum); }
    y[place] = sum;`
        : ''
    }
  }
  ${ends[1]}
}`,
    workgroups: [Math.ceil(count / 64), 1, 1],
  };
}
