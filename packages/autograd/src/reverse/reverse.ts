/*
 * Reverse mode (Linnainmaa 1976; Griewank & Walther, "Evaluating Derivatives", 2008, §3.2) as a transform of a
 * recorded graph: gradients are recorded tensors like any other, so that they can be compiled together with the
 * computation, and differentiated again.
 */
import { add, copy, opDefinitions, Tensor, transfer, type Value } from '@hybra/tensor';
import { rules } from '../rules/index.js';
import { type Contribution, sumContributions } from './contributions.js';
import { type Item, type Needed, orderItems, type Target, type Walk } from './order.js';
import type { Segment } from './segment.js';
import { ValueMap } from './value-map.js';

/** A tensor and the gradient that arrives at it, of its shape. */
export interface Seed {
  readonly tensor: Tensor;
  readonly cotangent: Tensor;
}

/** What arrived at the targets. */
export interface Reversed {
  /** The gradient of a target in its shape, `undefined` where nothing depends on it. */
  gradientOf(value: Value): Tensor | undefined;
  /** Its parts, for whoever adds them to others. Of a target that stops, these are all. */
  contributionsTo(value: Value): readonly Contribution[];
}

/** Carries gradients from the seeds back to the targets. */
export function reverse(seeds: readonly Seed[], walk: Walk): Reversed {
  const arrived = new ValueMap<Contribution[]>();
  const sums = new ValueMap<Tensor>();
  const found = new ValueMap<Tensor>();
  const contribute = (window: Tensor, gradient: Tensor): void => {
    const list = arrived.get(window.value);
    if (list) list.push({ gradient, window });
    else arrived.set(window.value, [{ gradient, window }]);
  };
  const gradientOf = (value: Value): Tensor | undefined => {
    const known = sums.get(value);
    if (known) return known;
    const total = sumContributions(value, arrived.get(value) ?? []);
    if (total) sums.set(value, total);
    return total;
  };
  for (const { tensor, cotangent } of seeds) contribute(tensor, cotangent);
  const { order, needed } = orderItems(
    // A seed at a target that stops leads nowhere further.
    seeds.map(({ tensor }) => tensor).filter(({ value }) => walk.targets.get(value) !== 'stop'),
    walk,
  );
  const collect = (value: Value, gradient: Tensor): void => {
    const before = found.get(value);
    found.set(value, before ? add(before, gradient) : gradient);
  };
  for (const item of order.reverse()) pullBack(item, { gradientOf, contribute, collect, needed, walk });
  return {
    gradientOf(value) {
      const gradient = gradientOf(value);
      const inSegments = found.get(value);
      return gradient && inSegments ? add(gradient, inSegments) : (gradient ?? inSegments);
    },
    contributionsTo: (value) => arrived.get(value) ?? [],
  };
}

interface Pass {
  readonly gradientOf: (value: Value) => Tensor | undefined;
  readonly contribute: (window: Tensor, gradient: Tensor) => void;
  /** Adds to the gradient of a target that has been passed on already. */
  readonly collect: (value: Value, gradient: Tensor) => void;
  readonly needed: Needed;
  readonly walk: Walk;
}

function pullBack(item: Item, pass: Pass): void {
  switch (item.kind) {
    case 'transfer': {
      const { source } = item.value;
      const gradient = pass.gradientOf(item.value);
      if (gradient) pass.contribute(source, source.device ? transfer(gradient, source.device) : gradient);
      return;
    }
    case 'segment':
      pullBackSegment(item.segment, pass);
      return;
    case 'call':
      pullBackCall(item.node, pass);
  }
}

function pullBackCall(node: Extract<Item, { kind: 'call' }>['node'], pass: Pass): void {
  const { inputs, attributes } = node;
  const outputs = node.outputs.map(
    (type, index) => new Tensor(Object.freeze({ ...type, kind: 'call', node, index })),
  );
  const cotangents = outputs.map(({ value }) => pass.gradientOf(value));
  if (cotangents.every((cotangent) => cotangent === undefined)) return;
  const wanted = inputs.map(({ value }) => pass.needed(value));
  const gradients = rules[node.op]?.({ inputs, outputs, attributes, cotangents, wanted });
  if (gradients) {
    for (const [index, gradient] of gradients.entries()) {
      if (gradient && wanted[index]) pass.contribute(inputs[index]!, gradient);
    }
    return;
  }
  const { decompose } = opDefinitions[node.op];
  if (!decompose) return; // piecewise constant: comparisons, rounding, indices
  const parts = decompose(inputs, attributes, node.outputs);
  const seeds = parts.flatMap((tensor, index): Seed[] => {
    const cotangent = cotangents[index];
    return cotangent ? [{ tensor, cotangent }] : [];
  });
  const targets = new ValueMap<Target>();
  const wantedInputs = inputs.filter((_, index) => wanted[index]);
  for (const { value } of wantedInputs) targets.set(value, 'stop');
  const reversed = reverse(seeds, { targets, collected: [], segments: new ValueMap<Segment>() });
  // Parts of a value are handed on as parts: those of a split are then laid side by side.
  for (const value of distinctValues(wantedInputs)) {
    for (const { window, gradient } of reversed.contributionsTo(value)) pass.contribute(window, gradient);
  }
}

function pullBackSegment({ run, inputs, outputs }: Segment, pass: Pass): void {
  const cotangents = outputs.map(({ value }) => pass.gradientOf(value));
  if (cotangents.every((cotangent) => cotangent === undefined)) return;
  // Calls on copies are not the calls of the forward pass, so that nothing of it has to be kept.
  const copies = inputs.map((input) => copy(input));
  const again = run(copies);
  const seeds = again.flatMap((tensor, index): Seed[] => {
    const cotangent = cotangents[index];
    return cotangent ? [{ tensor, cotangent }] : [];
  });
  const targets = new ValueMap<Target>();
  for (const value of pass.walk.collected) targets.set(value, 'pass');
  for (const { value } of copies) targets.set(value, 'stop');
  const { gradientOf } = reverse(seeds, { ...pass.walk, targets });
  for (const [index, { value }] of copies.entries()) {
    const gradient = gradientOf(value);
    if (gradient) pass.contribute(inputs[index]!, gradient);
  }
  for (const value of pass.walk.collected) {
    const gradient = gradientOf(value);
    if (gradient) pass.collect(value, gradient);
  }
}

function distinctValues(tensors: readonly Tensor[]): Value[] {
  const seen = new ValueMap<true>();
  return tensors.flatMap(({ value }) => {
    if (seen.has(value)) return [];
    seen.set(value, true);
    return [value];
  });
}
