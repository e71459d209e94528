import { byteLengthOf, type Device } from '@hybra/spec';
import { Tensor } from '../graph/tensor.js';
import type { PlaceholderValue } from '../graph/value.js';
import { copy } from '../ops/array/copy.js';
import { chooseKernel } from './choose-kernel.js';
import type { LoweredCall, LoweredGraph, LoweredValue } from './lowered.js';
import { type Partition, partition } from './partition.js';
import type { PlannedBinding, PlanRequest } from './virtual-buffers.js';

/** What a program's caller gets: named values, and the new values of named states. */
export interface NamedRoots {
  readonly outputs: ReadonlyMap<string, LoweredValue>;
  readonly states: ReadonlyMap<
    string,
    { readonly before: LoweredValue | undefined; readonly after: LoweredValue }
  >;
}

/** A stage ready to be planned; binding `i` of the request is filled from `sources[i]`. */
export interface StageRequest {
  readonly device: Device;
  readonly level: number;
  readonly request: PlanRequest;
  readonly sources: readonly BindingSource[];
}

/** Where a binding's buffer comes from at each run. */
export type BindingSource =
  | { readonly kind: 'value'; readonly value: LoweredValue }
  | { readonly kind: 'output'; readonly name: string }
  | { readonly kind: 'state'; readonly name: string };

/** Stages in order, and the transfers that precede each level. */
export interface StageRequests {
  readonly stages: readonly StageRequest[];
  readonly transfers: readonly {
    readonly beforeLevel: number;
    readonly from: LoweredValue;
    readonly to: LoweredValue;
  }[];
}

/** Cuts a lowered graph into stages and names every buffer that crosses a stage's edge. */
export function stageRequests(label: string, graph: LoweredGraph, roots: NamedRoots): StageRequests {
  const cut = partition(graph);
  const transfers = graph.values.flatMap((to) =>
    to.origin.kind === 'transfer' ? [{ beforeLevel: cut.levelOf.get(to)!, from: to.origin.source, to }] : [],
  );
  const builders = new Map<string, StageBuilder>();
  const deviceIds = new Map<Device, number>();
  const builderAt = (device: Device, level: number): StageBuilder => {
    const id = deviceIds.get(device) ?? deviceIds.size;
    deviceIds.set(device, id);
    const key = `${id}@${level}`;
    const builder = builders.get(key) ?? new StageBuilder(device, level);
    builders.set(key, builder);
    return builder;
  };
  const stageOf = new Map<LoweredValue, StageBuilder>();
  for (const stage of cut.stages) {
    const builder = builderAt(stage.device, stage.level);
    for (const call of stage.calls) {
      builder.calls.push(call);
      for (const output of call.outputs) stageOf.set(output, builder);
    }
  }
  const need = (builder: StageBuilder, value: LoweredValue): void => {
    const producer = stageOf.get(value);
    if (producer === builder) return;
    builder.hold(value);
    producer?.publish(value);
  };
  for (const builder of [...builders.values()]) {
    for (const call of builder.calls) for (const input of call.inputs) need(builder, input.value);
  }
  for (const { from } of transfers) stageOf.get(from)?.publish(from);
  for (const [name, value] of roots.outputs) {
    const builder = builderAt(value.device, cut.levelOf.get(value)!);
    need(builder, value);
    builder.bindings.push({ name, role: 'output', byteLength: byteLengthOf(value), receives: value });
    builder.sources.push({ kind: 'output', name });
  }
  const homes = homeLevels(cut, roots.states, transfers);
  for (const [name, { before, after }] of roots.states) {
    if (before === after) continue;
    const builder = builderAt(after.device, homes.get(name)!);
    need(builder, after);
    builder.receiveState(name, before, after);
  }
  const ordered = [...builders.values()].sort((a, b) => a.level - b.level);
  return { transfers, stages: ordered.map((builder) => builder.finish(label, ordered.length > 1)) };
}

/**
 * For each state the level at which it is replaced: the first at which its new value is there and nobody
 * reads the old one any more. States that take over one another's old values are replaced together.
 */
function homeLevels(
  { levelOf, stages }: Partition,
  states: NamedRoots['states'],
  transfers: StageRequests['transfers'],
): Map<string, number> {
  const lastRead = new Map<LoweredValue, number>();
  const read = (value: LoweredValue, level: number): void => {
    lastRead.set(value, Math.max(lastRead.get(value) ?? 0, level));
  };
  for (const { calls, level } of stages) {
    for (const call of calls) for (const input of call.inputs) read(input.value, level);
  }
  for (const { from, beforeLevel } of transfers) read(from, beforeLevel);
  const homes = new Map<string, number>();
  for (const [name, { before, after }] of states) {
    homes.set(name, Math.max(levelOf.get(after)!, before === undefined ? 0 : (lastRead.get(before) ?? 0)));
  }
  const old = new Set([...states.values()].flatMap(({ before }) => before ?? []));
  const exchanged = [...states].filter(([, { before, after }]) => before !== after && old.has(after));
  if (exchanged.length === 0) return homes;
  const latest = Math.max(...homes.values());
  const together = new Set(exchanged.flatMap(([, { before, after }]) => [before, after]));
  for (const [name, { before }] of states) if (together.has(before)) homes.set(name, latest);
  for (const [name] of exchanged) homes.set(name, latest);
  return homes;
}

class StageBuilder {
  readonly calls: LoweredCall[] = [];
  readonly bindings: PlannedBinding[] = [];
  readonly sources: BindingSource[] = [];
  readonly #held = new Set<LoweredValue>();
  readonly #published = new Set<LoweredValue>();

  constructor(
    readonly device: Device,
    readonly level: number,
  ) {}

  hold(value: LoweredValue): void {
    if (this.#held.has(value)) return;
    this.#held.add(value);
    const { origin } = value;
    const isState = origin.kind === 'placeholder' && origin.value.role === 'state';
    const role =
      origin.kind === 'stored' || origin.kind === 'literal' ? 'weight' : isState ? 'state' : 'input';
    const name = origin.kind === 'placeholder' ? origin.value.name : `${origin.kind}${value.id}`;
    this.bindings.push({ name, role, byteLength: byteLengthOf(value), holds: value });
    this.sources.push({ kind: 'value', value });
  }

  publish(value: LoweredValue): void {
    if (this.#published.has(value)) return;
    this.#published.add(value);
    this.bindings.push({
      name: `value${value.id}`,
      role: 'output',
      byteLength: byteLengthOf(value),
      receives: value,
    });
    this.sources.push({ kind: 'value', value });
  }

  receiveState(name: string, before: LoweredValue | undefined, after: LoweredValue): void {
    if (before === undefined) {
      this.bindings.push({ name, role: 'state', byteLength: byteLengthOf(after), receives: after });
      this.sources.push({ kind: 'state', name });
      return;
    }
    // One binding for the old and the new value, also where another state takes over the old one.
    this.hold(before);
    const at = this.bindings.findIndex((binding) => binding.holds === before);
    this.bindings[at] = { ...this.bindings[at]!, receives: after };
  }

  finish(label: string, isOneOfMany: boolean): StageRequest {
    const { device, level } = this;
    return {
      device,
      level,
      sources: this.sources,
      request: {
        label: isOneOfMany ? `${label} on ${device.name}, part ${level + 1}` : label,
        capabilities: device.capabilities,
        calls: this.calls,
        bindings: this.bindings,
        copyCall: (from, to) => copyCall(device, from, to),
      },
    };
  }
}

function copyCall(device: Device, from: LoweredValue, to: LoweredValue): LoweredCall {
  const placeholder: PlaceholderValue = {
    kind: 'placeholder',
    name: 'from',
    role: 'input',
    dtype: from.dtype,
    shape: from.shape,
    device,
  };
  const recorded = copy(new Tensor(placeholder)).value;
  if (recorded.kind !== 'call') throw new TypeError('copy records a call');
  const choice = chooseKernel(recorded.node, device);
  if (choice.kind !== 'kernel') throw new TypeError('copy is mandatory and has no decomposition');
  const [operand] = choice.inputs;
  const { dtype, shape, strides, offset } = operand!;
  const input = { dtype, shape, strides, offset, value: from };
  return {
    op: 'copy',
    attributes: {},
    device,
    inputs: [input],
    outputs: [to],
    traits: choice.traits,
    via: ['bind'],
  };
}
