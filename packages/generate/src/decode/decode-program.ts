import { stepContext } from '@hybra/layers';
import {
  add,
  type CompiledProgram,
  cast,
  compile,
  concat,
  equal,
  fill,
  greaterEqual,
  literal,
  or,
  reshape,
  sample,
  scatterAddRows,
  select,
  type Tensor,
  type Tensors,
  unsqueeze,
} from '@hybra/tensor';
import { layerStates, namedPools, poolTypes } from '../runner/forward-program.js';
import type { PoolRuntime } from '../runner/pool-runtime.js';

/** Tells sampling's random numbers from others of the same seed (Philox counter word 3). */
const samplingPurpose = 0;

/** What makes decode programs differ besides the pools. */
export interface DecodeShape {
  readonly batch: number;
  /** Tokens that end a sequence. */
  readonly eosIds: readonly number[];
}

/**
 * Chooses a token from each row's logits, the first after a prompt: states `counts`, inputs `logits`,
 * `parameters`, `keys`, `positions`; state `token` takes the choice and `slots` turns to −1 where it ends the row.
 */
export function chooseProgram(
  runtime: PoolRuntime,
  { batch, eosIds }: DecodeShape,
): Promise<CompiledProgram> {
  const { device, vocabularySize } = runtime.model;
  return compile({
    label: `choose batch ${batch}`,
    device,
    inputs: { ...samplerInputs(batch), logits: { dtype: 'f32', shape: [batch, vocabularySize] } },
    states: samplerStates(batch, vocabularySize),
    build: ({ inputs, states }) => choose(inputs.logits!, states.starts!, inputs, states, eosIds),
  });
}

/**
 * One decode step: feeds each row's `token` to the model and chooses the next one. Everything it needs lies
 * in device memory, so that steps can follow each other without waiting for the host; a row whose slot is −1
 * is done and changes nothing.
 */
export function decodeProgram(
  runtime: PoolRuntime,
  { batch, eosIds }: DecodeShape,
): Promise<CompiledProgram> {
  const { model, pools } = runtime;
  return compile({
    label: `${model.family} decode batch ${batch}`,
    device: model.device,
    inputs: samplerInputs(batch),
    states: { ...poolTypes(pools), ...samplerStates(batch, model.vocabularySize) },
    build: ({ inputs, states }) => {
      const { slots, starts, token } = states as { slots: Tensor; starts: Tensor; token: Tensor };
      const isActive = greaterEqual(slots, 0);
      const context = stepContext({ slots, starts, lengths: cast(isActive, 'i32'), time: 1 });
      const result = model.hidden(unsqueeze(token, 1), context, layerStates(model, pools, states));
      const logits = model.logits(reshape(result.hidden, [batch, -1]));
      const next = add(starts, cast(isActive, 'i32'));
      const chosen = choose(logits, next, inputs, states, eosIds);
      return {
        outputs: chosen.outputs,
        states: { ...namedPools(pools, result.states), ...chosen.states, starts: next },
      };
    },
  });
}

function samplerInputs(batch: number) {
  return {
    /** Rows of sampling parameters. */
    parameters: { dtype: 'f32', shape: [batch, 7] },
    /** Seed low, seed high, sequence number. */
    keys: { dtype: 'u32', shape: [batch, 3] },
  } as const;
}

function samplerStates(batch: number, vocabularySize: number) {
  return {
    slots: { dtype: 'i32', shape: [batch] },
    starts: { dtype: 'i32', shape: [batch] },
    token: { dtype: 'i32', shape: [batch] },
    /** How often each token was seen. */
    counts: { dtype: 'i32', shape: [batch, vocabularySize] },
  } as const;
}

function choose(
  logits: Tensor,
  positions: Tensor,
  inputs: Tensors,
  states: Tensors,
  eosIds: readonly number[],
): { outputs: Record<string, Tensor>; states: Record<string, Tensor> } {
  const { counts, slots } = states as { counts: Tensor; slots: Tensor };
  const [batch, width] = counts.shape as [number, number];
  const position = unsqueeze(cast(positions, 'u32'), 1);
  const stream = concat([inputs.keys!, position, fill([batch, 1], samplingPurpose, 'u32')], 1);
  const ids = sample({ logits, parameters: inputs.parameters!, counts, stream });
  const isActive = greaterEqual(slots, 0);
  const isEnd = eosIds.map((id) => equal(ids, id)).reduce<Tensor>(or, fill([batch], 0, 'bool'));
  const rows = literal(
    Array.from({ length: batch }, (_, row) => row * width),
    [batch],
    'i32',
  );
  const seen = select(isActive, add(rows, ids), -1);
  const flat = scatterAddRows(reshape(counts, [batch * width]), seen, fill([batch], 1, 'i32'));
  return {
    outputs: { ids },
    states: { token: ids, counts: reshape(flat, [batch, width]), slots: select(isEnd, -1, slots) },
  };
}
