import type { Device } from '@hybra/spec';
import type { LoweredCall, LoweredGraph, LoweredValue } from './lowered.js';

/** The calls of one device between two exchanges with other devices. */
export interface Stage {
  readonly device: Device;
  readonly level: number;
  readonly calls: readonly LoweredCall[];
}

/** A graph cut into stages; a stage of level n needs only values of lower levels and transfers between. */
export interface Partition {
  readonly stages: readonly Stage[];
  readonly levelOf: ReadonlyMap<LoweredValue, number>;
}

/**
 * Cuts a graph where values change devices. A call's level is the largest of its inputs'; a transfer's is one
 * more than its source's. On one device there is one stage.
 */
export function partition(graph: LoweredGraph): Partition {
  const levelOf = new Map<LoweredValue, number>();
  const level = (value: LoweredValue): number => {
    let known = levelOf.get(value);
    if (known === undefined) {
      known = value.origin.kind === 'transfer' ? level(value.origin.source) + 1 : 0;
      levelOf.set(value, known);
    }
    return known;
  };
  const stages = new Map<Device, Map<number, LoweredCall[]>>();
  for (const call of graph.calls) {
    const at = Math.max(0, ...call.inputs.map((input) => level(input.value)));
    for (const output of call.outputs) levelOf.set(output, at);
    const levels = stages.get(call.device) ?? new Map<number, LoweredCall[]>();
    stages.set(call.device, levels);
    const calls = levels.get(at) ?? [];
    levels.set(at, calls);
    calls.push(call);
  }
  for (const value of graph.values) level(value);
  const cut: Stage[] = [];
  for (const [device, levels] of stages) {
    for (const [at, calls] of levels) cut.push({ device, level: at, calls });
  }
  return { stages: cut.sort((a, b) => a.level - b.level), levelOf };
}
