import { isFloat } from '@hybra/spec';
import type { CallNode, Tensor, Value } from '@hybra/tensor';
import type { Segment } from './segment.js';
import type { ValueMap } from './value-map.js';

/** A step that gradients pass through backwards. */
export type Item =
  | { readonly kind: 'call'; readonly node: CallNode }
  | { readonly kind: 'transfer'; readonly value: Extract<Value, { kind: 'transfer' }> }
  | { readonly kind: 'segment'; readonly segment: Segment };

/** How a value takes part: gradients `stop` there, or are only collected and `pass` on. */
export type Target = 'stop' | 'pass';

/** What to walk and where to end. */
export interface Walk {
  readonly targets: ValueMap<Target>;
  /** The targets that gradients pass: segments look for them too. */
  readonly collected: readonly Value[];
  readonly segments: ValueMap<Segment>;
}

interface Frame {
  readonly item: Item;
  readonly key: object;
  readonly inputs: readonly Tensor[];
  next: number;
  isNeeded: boolean;
}

/**
 * The items between `roots` and the targets, each after all that it depends on. What leads to no target is left
 * out. Depth-first with a stack of its own: graphs are deeper than JavaScript's.
 */
export function orderItems(roots: readonly Tensor[], walk: Walk): { order: Item[]; needed: Needed } {
  const known = new Map<object, boolean>();
  const order: Item[] = [];
  const open = (value: Value): Frame | undefined => {
    const item = itemOf(value, walk);
    if (!item) return undefined;
    const key = keyOf(item);
    // What a segment closes over is seen only when it is recorded again.
    const isNeeded = item.kind === 'segment';
    return { item, key, inputs: inputsOf(item), next: 0, isNeeded };
  };
  for (const root of roots) {
    const stack: Frame[] = [];
    const first = open(root.value);
    if (first && !known.has(first.key)) stack.push(first);
    for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
      const input = frame.inputs[frame.next];
      if (input === undefined) {
        stack.pop();
        known.set(frame.key, frame.isNeeded);
        if (frame.isNeeded) order.push(frame.item);
        continue;
      }
      const target = isFloat(input.dtype) ? walk.targets.get(input.value) : undefined;
      const child = isFloat(input.dtype) && target !== 'stop' ? open(input.value) : undefined;
      const done = child && known.get(child.key);
      if (child && done === undefined) {
        stack.push(child);
        continue;
      }
      if (target !== undefined || done === true) frame.isNeeded = true;
      frame.next++;
    }
  }
  const needed: Needed = (value) => {
    if (!isFloat(value.dtype)) return false;
    const target = walk.targets.get(value);
    if (target !== undefined) return true;
    const item = itemOf(value, walk);
    return item !== undefined && known.get(keyOf(item)) === true;
  };
  return { order, needed };
}

/** Whether the gradient of a value leads to a target. */
export type Needed = (value: Value) => boolean;

function itemOf(value: Value, { segments }: Walk): Item | undefined {
  if (value.kind === 'transfer') return { kind: 'transfer', value };
  if (value.kind !== 'call') return undefined;
  const segment = segments.get(value);
  return segment ? { kind: 'segment', segment } : { kind: 'call', node: value.node };
}

function keyOf(item: Item): object {
  if (item.kind === 'call') return item.node;
  return item.kind === 'transfer' ? item.value : item.segment;
}

function inputsOf(item: Item): readonly Tensor[] {
  if (item.kind === 'call') return item.node.inputs;
  return item.kind === 'transfer' ? [item.value.source] : item.segment.inputs;
}
