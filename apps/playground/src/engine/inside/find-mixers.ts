import type { LayerState } from '@hybra/layers';
import type { CallNode, Tensor } from '@hybra/tensor';

/** A recurrent mixer in a recorded forward pass. */
export interface FoundScan {
  readonly kind: 'scan';
  readonly layer: number;
  /** `f32[B, T, H]` */
  readonly dt: Tensor;
  /** `f32[H]`, or `f32[H, N]` with a rate for each number of the state. */
  readonly A: Tensor;
  /** Before SiLU, `[B, T, width]`; absent where the output has no gate of this form. */
  readonly gate: Tensor | undefined;
}

/** An attention mixer in a recorded forward pass. */
export interface FoundAttention {
  readonly kind: 'attention';
  readonly layer: number;
  readonly node: CallNode;
}

/** A mixer of either kind. */
export type FoundMixer = FoundScan | FoundAttention;

const scans: readonly string[] = ['ssdChunkScan', 'selectiveScan'];

/**
 * Finds the mixers of a model in what its forward pass recorded. Layers hand nothing out but their output; the
 * recorded graph has the rest, and so every family is looked into in one way.
 * @param hidden what the forward pass gave
 * @param states what it was given: their tensors tell which layer a mixer belongs to
 * @returns in the order of the layers
 */
export function findMixers(hidden: Tensor, states: readonly LayerState[]): readonly FoundMixer[] {
  const layerOf = new Map(
    states.flatMap((state, layer) => Object.values(state).map(({ value }) => [value, layer] as const)),
  );
  const nodes = nodesBehind(hidden);
  const gates = gatesOf(nodes);
  return nodes
    .flatMap((node): FoundMixer[] => {
      if (scans.includes(node.op)) {
        const [, dt, A, , , pool] = node.inputs as readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
        const layer = layerOf.get(pool.value);
        return layer === undefined ? [] : [{ kind: 'scan', layer, dt, A, gate: gates.get(node) }];
      }
      if (node.op !== 'attention') return [];
      // The pool of keys with this chunk's written into it.
      const pool = nodeOf(node.inputs[1])?.inputs[0];
      const layer = pool && layerOf.get(pool.value);
      return layer === undefined ? [] : [{ kind: 'attention', layer, node }];
    })
    .sort((a, b) => a.layer - b.layer);
}

/** Every recorded call that a tensor depends on, each once. */
function nodesBehind(end: Tensor): readonly CallNode[] {
  const found = new Set<CallNode>();
  const waiting = [end];
  for (let tensor = waiting.pop(); tensor; tensor = waiting.pop()) {
    const node = nodeOf(tensor);
    if (!node || found.has(node)) continue;
    found.add(node);
    waiting.push(...node.inputs);
  }
  return [...found];
}

/** What scans' outputs are gated with: norm(y · silu(z)) or y · silu(z). */
function gatesOf(nodes: readonly CallNode[]): ReadonlyMap<CallNode, Tensor> {
  const gates = new Map<CallNode, Tensor>();
  for (const node of nodes) {
    const [x, other] = node.inputs;
    if (node.op === 'gatedRmsNorm') {
      const scan = scanBehind(x);
      if (scan) gates.set(scan, other!);
    }
    if (node.op !== 'mul') continue;
    for (const [y, activated] of [
      [x, other],
      [other, x],
    ]) {
      const silu = nodeOf(activated);
      const scan = silu?.op === 'silu' ? scanBehind(y) : undefined;
      if (scan) gates.set(scan, silu!.inputs[0]!);
    }
  }
  return gates;
}

/** The scan that a tensor comes from by sums and products alone: y = scan + skip · x. */
function scanBehind(tensor: Tensor | undefined): CallNode | undefined {
  const node = nodeOf(tensor);
  if (!node || scans.includes(node.op)) return node;
  if (node.op !== 'add' && node.op !== 'mul' && node.op !== 'cast') return undefined;
  for (const input of node.inputs) {
    const scan = scanBehind(input);
    if (scan) return scan;
  }
  return undefined;
}

function nodeOf(tensor: Tensor | undefined): CallNode | undefined {
  return tensor?.value.kind === 'call' ? tensor.value.node : undefined;
}
