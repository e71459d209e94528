/*
 * One step of a Mamba-2 layer between its projections (Dao & Gu 2024, §7), as one dispatch:
 *
 *   x | B | C = silu(conv(mixed));   dt = select(valid, softplus(raw + bias), otherwise)
 *   h ← exp(dt·A) h + dt·x ⊗ B;      y = h C + D x;      y ← y silu(gate), with its sum of squares
 *
 * Every part but the recurrence is optional: a program may have it elsewhere. A workgroup has 16 rows of a head's
 * state, 16 lanes each. The convolution's tails are read here and shifted by a later dispatch, when all have read.
 */
import type { Dispatch, DispatchOperand, Parameter } from '../../kernel.js';
import { gridMain } from './pool.js';

/** Rows of a state per workgroup, and lanes that share one. */
const rows = 16;
const lanes = 16;

/** Largest state that workgroup memory is taken for. */
export const largestStepState = 256;

/** Extents, and steps of what is read along the channels, in elements. */
export interface Mamba2StepSizes {
  readonly batch: number;
  readonly H: number;
  readonly P: number;
  readonly G: number;
  readonly N: number;
  /** Slots of the pool. */
  readonly S: number;
}

/** Places of operands among a fused call's inputs (or outputs, where said). */
export interface Mamba2StepPlan {
  readonly sizes: Mamba2StepSizes;
  readonly A: number;
  readonly slots: number;
  /** Either x, B and C as they are, or the convolution that gives them. */
  readonly source:
    | { readonly kind: 'given'; readonly x: number; readonly B: number; readonly C: number }
    | {
        readonly kind: 'convolution';
        readonly mixed: number;
        readonly weight: number;
        readonly bias: number;
        readonly tails: number;
        readonly taps: number;
        readonly isSilu: boolean;
      };
  readonly step:
    | { readonly kind: 'given'; readonly dt: number }
    | {
        readonly kind: 'raw';
        readonly raw: number;
        readonly bias: number;
        readonly valid: number;
        readonly otherwise: number;
      };
  readonly skip?: number | undefined;
  readonly gate?: number | undefined;
  /** Outputs: y, the pool, and the sums of squares of y if there is a gate. */
  readonly outputs: { readonly y: number; readonly pool: number; readonly squares?: number | undefined };
}

/** Workgroups per head; each has a sum of squares of its own. */
export function stepBlocks(P: number): number {
  return Math.ceil(P / rows);
}

/** The dispatch. N is a multiple of 4, at most {@link largestStepState}. */
export function mamba2Step(plan: Mamba2StepPlan): Dispatch {
  const { sizes, source, step, outputs } = plan;
  const { batch, H, P, N, G } = sizes;
  const blocks = stepBlocks(P);
  const input = (name: string, index: number | undefined): readonly DispatchOperand[] =>
    index === undefined ? [] : [{ name, place: { kind: 'input', index }, view: 'number' }];
  const output = (name: string, index: number, view: DispatchOperand['view']): DispatchOperand => ({
    name,
    place: { kind: 'output', index },
    view,
    isWritten: true,
  });
  const numbers: Record<string, number> = { ...sizes, blocks, groups: batch * H * blocks };
  return {
    operands: [
      ...input('A', plan.A),
      ...input('slots', plan.slots),
      ...(source.kind === 'given'
        ? [...input('x', source.x), ...input('B', source.B), ...input('C', source.C)]
        : [
            ...input('mixed', source.mixed),
            ...input('taps', source.weight),
            ...input('conv_bias', source.bias),
            ...input('tails', source.tails),
          ]),
      ...(step.kind === 'given'
        ? input('dt', step.dt)
        : [
            ...input('raw', step.raw),
            ...input('dt_bias', step.bias),
            ...input('valid', step.valid),
            ...input('otherwise', step.otherwise),
          ]),
      ...input('skip', plan.skip),
      ...input('gate', plan.gate),
      output('y', outputs.y, 'f32'),
      output('pool', outputs.pool, 'vec4<f32>'),
      ...(outputs.squares === undefined ? [] : [output('squares', outputs.squares, 'f32')]),
    ],
    parameters: Object.entries({ ...numbers, channels: H * P + 2 * G * N }).map(
      ([name, value]): Parameter => ({ name, type: 'u32', value }),
    ),
    code: stepCode(plan),
    workgroups: [batch * H * blocks, 1, 1],
  };
}

function stepCode({ sizes, source, step, skip, gate, outputs }: Mamba2StepPlan): string {
  const { N } = sizes;
  const passes = Array.from({ length: Math.ceil(N / 4 / lanes) }, (_, k) => k);
  const guarded = (k: number, body: string): string =>
    (k + 1) * lanes * 4 <= N ? `{ ${body} }` : `if (lane + ${k * lanes}u < p.N / 4u) { ${body} }`;
  return `
var<workgroup> maps: array<vec4<f32>, ${Math.max(N / 2, 1)}>;
var<workgroup> inputs: array<f32, ${rows}>;
var<workgroup> sums: array<f32, ${rows * (lanes + 1)}>;
${sourceCode(source)}
${gridMain(rows * lanes)}
  if (group >= p.groups) { return; }
  let first = group % p.blocks * ${rows}u;
  let h = group / p.blocks % p.H;
  let b = group / p.blocks / p.H;
  let slot = bitcast<u32>(load_slots(b));
  let is_active = slot < p.S;
  let map = h * p.G / p.H;
  let local = l / ${lanes}u;
  let lane = l % ${lanes}u;
  let row = first + local;
  let at = ((slot * p.H + h) * p.P + row) * (p.N / 4u);
  let own = first + l;
  // The state, which is what takes time, is asked for before anything is waited for.
  ${passes.map((k) => `var state${k} = vec4<f32>();`).join(' ')}
  var dt = 0.0;
  var rate = 0.0;
  ${gate === undefined ? '' : 'var own_gate = 0.0;'}
  ${skip === undefined ? '' : 'var own_skip = 0.0;'}
  if (is_active) {
    if (row < p.P) {
      ${passes.map((k) => guarded(k, `state${k} = pool[at + lane + ${k * lanes}u];`)).join('\n      ')}
    }
    rate = load_A(h);
    ${stepSize(step)}
    if (l < ${rows}u && own < p.P) {
      ${gate === undefined ? '' : 'own_gate = load_gate((b * p.H + h) * p.P + own);'}
      ${skip === undefined ? '' : 'own_skip = load_skip((b * p.H + h) * p.P + own);'}
    }
    for (var i = l; i < 2u * p.N + ${rows}u; i += ${rows * lanes}u) {
      if (i < p.N) { maps[i / 4u][i % 4u] = value_B(b, slot, map, i); }
      else if (i < 2u * p.N) { maps[i / 4u][i % 4u] = value_C(b, slot, map, i - p.N); }
      else {
        let channel = first + i - 2u * p.N;
        if (channel < p.P) { inputs[i - 2u * p.N] = value_x(b, slot, h, channel); }
      }
    }
  }
  workgroupBarrier();
  var total = 0.0;
  if (is_active && row < p.P) {
    let decay = vec4<f32>(exp_f(dt * rate));
    let added = dt * inputs[local];
    ${passes
      .map((k) =>
        guarded(
          k,
          `// dt = 0 leaves the state as it is, even where x is not finite.
      if (dt != 0.0) {
        state${k} = fma(decay, state${k}, added * maps[lane + ${k * lanes}u]);
        pool[at + lane + ${k * lanes}u] = state${k};
      }
      total += dot(maps[p.N / 4u + lane + ${k * lanes}u], state${k});`,
        ),
      )
      .join('\n    ')}
  }
  sums[local * ${lanes + 1}u + lane] = total;
  workgroupBarrier();
  var y_row = 0.0;
  if (l < ${rows}u && own < p.P) {
    if (is_active) {
      for (var i = 0u; i < ${lanes}u; i++) { y_row += sums[l * ${lanes + 1}u + i]; }
      ${skip === undefined ? '' : 'y_row = fma(own_skip, inputs[l], y_row);'}
      ${gate === undefined ? '' : 'y_row *= silu_f(own_gate);'}
    }
    y[(b * p.H + h) * p.P + own] = y_row;
  }
  ${
    outputs.squares === undefined
      ? ''
      : `workgroupBarrier();
  if (l < ${rows}u) { sums[l] = y_row * y_row; }
  workgroupBarrier();
  if (l == 0u) {
    var square = 0.0;
    for (var i = 0u; i < ${rows}u; i++) { square += sums[i]; }
    squares[group] = square;
  }`
  }
}`;
}

function stepSize(step: Mamba2StepPlan['step']): string {
  if (step.kind === 'given') return 'dt = load_dt(b * p.H + h);';
  return `dt = load_otherwise(b * p.H + h);
    if (load_valid(b * p.H + h)) { dt = softplus_f(load_raw(b * p.H + h) + load_dt_bias(b * p.H + h)); }`;
}

/** `value_x`, `value_B` and `value_C`. */
function sourceCode(source: Mamba2StepPlan['source']): string {
  if (source.kind === 'given') {
    return `
fn value_x(b: u32, slot: u32, h: u32, row: u32) -> f32 { return load_x((b * p.H + h) * p.P + row); }
fn value_B(b: u32, slot: u32, map: u32, i: u32) -> f32 { return load_B((b * p.G + map) * p.N + i); }
fn value_C(b: u32, slot: u32, map: u32, i: u32) -> f32 { return load_C((b * p.G + map) * p.N + i); }`;
  }
  const past = source.taps - 1;
  return `
fn convolved(b: u32, slot: u32, c: u32) -> f32 {
  var total = load_conv_bias(c);
  for (var k = 0u; k < ${past}u; k++) {
    total = fma(load_taps(c * ${source.taps}u + k), load_tails((slot * ${past}u + k) * p.channels + c), total);
  }
  total = fma(load_taps(c * ${source.taps}u + ${past}u), load_mixed(b * p.channels + c), total);
  return ${source.isSilu ? 'silu_f(total)' : 'total'};
}
fn value_x(b: u32, slot: u32, h: u32, row: u32) -> f32 { return convolved(b, slot, h * p.P + row); }
fn value_B(b: u32, slot: u32, map: u32, i: u32) -> f32 {
  return convolved(b, slot, p.H * p.P + map * p.N + i);
}
fn value_C(b: u32, slot: u32, map: u32, i: u32) -> f32 {
  return convolved(b, slot, p.H * p.P + (p.G + map) * p.N + i);
}`;
}

/** Shifts a convolution's tails by one position, before a product that does not touch them. */
export function shiftBefore(plan: {
  readonly batch: number;
  readonly channels: number;
  readonly slots: number;
  readonly taps: number;
  /** Inputs. */
  readonly mixed: number;
  readonly slotIds: number;
  readonly lengths: number;
  /** Output. */
  readonly pool: number;
}): {
  readonly operands: readonly DispatchOperand[];
  readonly parameters: readonly Parameter[];
  readonly code: string;
} {
  const past = plan.taps - 1;
  const moves = Array.from(
    { length: past - 1 },
    (_, k) => `tail_pool[at + ${k}u * p.channels] = tail_pool[at + ${k + 1}u * p.channels];`,
  );
  const input = (name: string, index: number): DispatchOperand => ({
    name,
    place: { kind: 'input', index },
    view: 'number',
  });
  return {
    operands: [
      input('mixed', plan.mixed),
      input('slots', plan.slotIds),
      input('lengths', plan.lengths),
      { name: 'tail_pool', place: { kind: 'output', index: plan.pool }, view: 'f32', isWritten: true },
    ],
    parameters: Object.entries({
      channels: plan.channels,
      shifted: plan.batch * plan.channels,
      S: plan.slots,
    }).map(([name, value]): Parameter => ({ name, type: 'u32', value })),
    code: `for (var i = id; i < p.shifted; i += p.invocations) {
    let b = i / p.channels;
    let slot = bitcast<u32>(load_slots(b));
    if (slot < p.S && load_lengths(b) > 0) {
      let at = slot * ${past}u * p.channels + i % p.channels;
      ${moves.join('\n      ')}
      ${past > 0 ? `tail_pool[at + ${past - 1}u * p.channels] = load_mixed(i);` : ''}
    }
  }`,
  };
}
