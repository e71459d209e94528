/*
 * A forward pass that also gives what happened inside the layers. It is built from the open model's own layers and
 * weights, and run beside the writing: the programs that write are as they were.
 *
 * T  tokens of a chunk   C  tokens that a cache holds   n  tokens that are shown   H  heads   R  rows shown
 *
 *   kept   exp(dt · A)     the share of a head's state that a token leaves in place (Dao & Gu 2024, §6)
 *   step   dt              how strongly a token is written into the state
 *   gate   silu(z)         what the output is multiplied by, mean over a head's channels
 *   map    softmax(q kᵀ)   the attention of each token to each before it, obtained by the op itself: values that
 *                          are rows of the identity come out as the weights
 */
import { type LayerState, stepContext } from '@hybra/layers';
import type { Model } from '@hybra/models';
import type { DType } from '@hybra/spec';
import {
  attention,
  type CompiledProgram,
  cast,
  compile,
  equal,
  exp,
  expand,
  gatherRows,
  iota,
  literal,
  mean,
  mul,
  reshape,
  select,
  silu,
  sub,
  type Tensor,
  unsqueeze,
} from '@hybra/tensor';
import { type FoundAttention, type FoundScan, findMixers } from './find-mixers.js';

/** Most rows of a picture; neighbouring heads are averaged into one. */
const mostRows = 32;

/** Sizes of a probe. */
export interface ProbeSizes {
  /** T */
  readonly time: number;
  /** C */
  readonly capacity: number;
  /** n */
  readonly shown: number;
}

/** Types of the states that a probe carries from chunk to chunk, by `layer.name`. */
export function probeStates(
  model: Model,
  capacity: number,
): Readonly<Record<string, { readonly dtype: DType; readonly shape: readonly number[] }>> {
  return Object.fromEntries(
    model.stateSpecs.flatMap((specs, layer) =>
      Object.entries(specs).map(([key, { kind, shape, dtype }]) => [
        `${layer}.${key}`,
        { dtype, shape: kind === 'fixed' ? [1, ...shape] : [1, capacity, ...shape] },
      ]),
    ),
  );
}

/**
 * Compiles the probe of one chunk.
 *
 * inputs: `ids` i32[1, T]; `start`, `length` i32[1] of the chunk; `from` i32[1], the first token that is shown.
 * outputs: `L.kept`, `L.step`, `L.gate` f32[T, R] for recurrent layers L; `L.map` f32[T, H, n] for attention.
 */
export function probeProgram(
  model: Model,
  sizes: ProbeSizes,
  signal?: AbortSignal,
): Promise<CompiledProgram> {
  const { time, capacity } = sizes;
  const one = { dtype: 'i32', shape: [1] } as const;
  return compile({
    label: `inside of ${time} tokens over ${capacity}`,
    device: model.device,
    ...(signal && { signal }),
    inputs: { ids: { dtype: 'i32', shape: [1, time] }, start: one, length: one, from: one },
    states: probeStates(model, capacity),
    build: ({ inputs, states }) => {
      const layers: LayerState[] = model.stateSpecs.map((specs, layer) =>
        Object.fromEntries(Object.keys(specs).map((key) => [key, states[`${layer}.${key}`]!])),
      );
      const slots = literal([0], [1], 'i32');
      const context = stepContext({ slots, starts: inputs.start!, lengths: inputs.length!, time });
      const result = model.hidden(inputs.ids!, context, layers);
      const outputs: Record<string, Tensor> = {};
      for (const mixer of findMixers(result.hidden, layers)) {
        const seen = mixer.kind === 'scan' ? gatesOf(mixer) : { map: mapOf(mixer, inputs.from!, sizes) };
        for (const [name, tensor] of Object.entries(seen)) outputs[`${mixer.layer}.${name}`] = tensor;
      }
      return {
        outputs,
        states: Object.fromEntries(
          result.states.flatMap((state, layer) =>
            Object.entries(state).map(([key, tensor]) => [`${layer}.${key}`, tensor]),
          ),
        ),
      };
    },
  });
}

function gatesOf({ dt, A, gate }: FoundScan): Readonly<Record<string, Tensor>> {
  const [, time, heads] = dt.shape as [number, number, number];
  const steps = reshape(dt, [time, heads]);
  const kept = A.rank === 1 ? exp(mul(steps, A)) : mean(exp(mul(unsqueeze(steps, 2), A)), [2]); // [T, H]
  return {
    kept: inRows(kept, heads),
    step: inRows(steps, heads),
    ...(gate && { gate: inRows(silu(reshape(cast(gate, 'f32'), [time, -1])), heads) }),
  };
}

/** `[T, width]` → `[T, R]`, means over neighbours. */
function inRows(x: Tensor, heads: number): Tensor {
  let rows = Math.min(heads, mostRows);
  while (heads % rows !== 0) rows--;
  return mean(reshape(x, [x.shape[0]!, rows, -1]), [2]);
}

function mapOf({ node }: FoundAttention, from: Tensor, { capacity, shown }: ProbeSizes): Tensor {
  const [q, k, , slots, starts, lengths] = node.inputs as readonly Tensor[];
  const [, time, heads] = q!.shape as [number, number, number];
  const keys = gatherRows(k!, slots!); // [1, C, Hkv, D]
  const { scale, window, ring } = node.attributes as { scale: number; window: number; ring: boolean };
  const at = sub(iota([capacity, 1], 0, 'i32'), from); // [C, 1]
  const identity = cast(
    select(equal(at, iota([1, shown], 1, 'i32')), literal([1], [1], 'f32'), 0),
    keys.dtype,
  );
  const values = expand(reshape(identity, [1, capacity, 1, shown]), [1, capacity, keys.shape[2]!, shown]);
  const map = attention(
    { q: q!, k: keys, v: values, slots: iota([1], 0, 'i32'), starts: starts!, lengths: lengths! },
    { scale, window, ring },
  ); // [1, T, H, n]
  return reshape(cast(map, 'f32'), [time, heads, shown]);
}
