import { type LayerState, type SequenceModel, stepContext } from '@hybra/layers';
import {
  add,
  type CompiledProgram,
  compile,
  crossEntropy,
  gatherRows,
  greater,
  iota,
  mul,
  reshape,
  select,
  sub,
  type Tensor,
  type Tensors,
  unsqueeze,
} from '@hybra/tensor';
import type { StatePools } from '../state/state-pools.js';

/** What a forward program gives besides the new state. */
export type ForwardMode =
  /** Nothing: a chunk whose logits nobody reads. */
  | 'state'
  /** State `logits`: f32[B, V] after each row's last token; rows without tokens keep theirs. */
  | 'last'
  /** Output `logits`: f32[B, T, V]. */
  | 'all'
  /** Input `targets` i32[B, T], output `loss`: f32[B, T] in nats; 0 where the target is negative. */
  | 'loss';

/** Shape of a forward program; with the pools' slots and capacity, its key. */
export interface ForwardShape {
  readonly batch: number;
  readonly time: number;
  readonly mode: ForwardMode;
}

/** Compiles one chunk of a model for one shape over the pools as they are. */
export function forwardProgram(
  model: SequenceModel,
  pools: StatePools,
  { batch, time, mode }: ForwardShape,
  signal?: AbortSignal,
): Promise<CompiledProgram> {
  const rows = { dtype: 'i32', shape: [batch] } as const;
  const tokens = { dtype: 'i32', shape: [batch, time] } as const;
  const logits = { dtype: 'f32', shape: [batch, model.vocabularySize] } as const;
  return compile({
    label: `${model.family} ${mode} batch ${batch} × ${time}`,
    device: model.device,
    ...(signal && { signal }),
    inputs: {
      ids: tokens,
      slots: rows,
      starts: rows,
      lengths: rows,
      ...(mode === 'loss' && { targets: tokens }),
    },
    states: { ...poolTypes(pools), ...(mode === 'last' && { logits }) },
    build: ({ inputs, states }) => {
      const { slots, starts, lengths } = inputs as { slots: Tensor; starts: Tensor; lengths: Tensor };
      const context = stepContext({ slots, starts, lengths, time });
      const result = model.hidden(inputs.ids!, context, layerStates(model, pools, states));
      const next = namedPools(pools, result.states);
      const flat = reshape(result.hidden, [batch * time, -1]);
      switch (mode) {
        case 'state':
          return { states: next };
        case 'last': {
          const last = model.logits(gatherRows(flat, lastRows(lengths, time)));
          const hasTokens = unsqueeze(greater(lengths, 0), 1);
          return { states: { ...next, logits: select(hasTokens, last, states.logits!) } };
        }
        case 'all':
          return { outputs: { logits: model.logits(result.hidden) }, states: next };
        case 'loss': {
          const loss = crossEntropy(model.logits(flat), reshape(inputs.targets!, [batch * time]));
          return { outputs: { loss: reshape(loss, [batch, time]) }, states: next };
        }
      }
    },
  });
}

/** Flat index of each row's last valid token; −1 for a row without one. */
function lastRows(lengths: Tensor, time: number): Tensor {
  const starts = mul(iota(lengths.shape, 0, 'i32'), time);
  return select(greater(lengths, 0), sub(add(starts, lengths), 1), -1);
}

/** Types of the pools as states of a program, each on its layer's device. */
export function poolTypes(
  pools: StatePools,
): Record<string, Pick<Tensor, 'dtype' | 'shape'> & { device: Tensor['device'] & object }> {
  return Object.fromEntries(
    pools.pools.map(({ name, tensor, device }) => [
      name,
      { dtype: tensor.dtype, shape: tensor.shape, device },
    ]),
  );
}

/** A program's states as the model takes them: by layer. */
export function layerStates(model: SequenceModel, pools: StatePools, states: Tensors): readonly LayerState[] {
  const layers: Record<string, Tensor>[] = model.stateSpecs.map(() => ({}));
  for (const { layer, key, name } of pools.pools) layers[layer]![key] = states[name]!;
  return layers;
}

/** The model's new states as a program returns them: by pool. */
export function namedPools(pools: StatePools, layers: readonly LayerState[]): Record<string, Tensor> {
  return Object.fromEntries(pools.pools.map(({ layer, key, name }) => [name, layers[layer]![key]!]));
}
