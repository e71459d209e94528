import { type HybridConfig, type Model, parameterSpecs } from '@hybra/models';
import { byteSize, elementCount } from '@hybra/spec';

/** One cell of the grid. */
export interface DecodeCell {
  /** Tokens before and with the last one that is timed: a power of two, as the pools' sizes are. */
  readonly context: number;
  readonly batch: number;
}

/** Bytes that a cell takes, and those that a step has to read. */
export interface CellBytes {
  readonly weights: number;
  /** States and caches of all sequences, and the copies of the states that a generation can go back to. */
  readonly states: number;
  /** Weights without the embedding, states twice (read and written), keys and values once. */
  readonly readPerStep: number;
}

/** Bytes of all parameters, and of the embedding, of which a step reads a few rows alone. */
export interface WeightBytes {
  readonly all: number;
  readonly embedding: number;
}

/** Copies of constant states that a generation keeps: see `CheckpointRing` of @hybra/generate. */
const checkpoints = 4;

/** What a cell takes and reads. */
export function cellBytes(model: Model, { context, batch }: DecodeCell, weights: WeightBytes): CellBytes {
  let constant = 0;
  let perToken = 0;
  for (const spec of model.stateSpecs.flatMap((layer) => Object.values(layer))) {
    const bytes = elementCount(spec.shape) * byteSize(spec.dtype);
    if (spec.kind === 'fixed') constant += bytes;
    else perToken += bytes;
  }
  return {
    weights: weights.all,
    states: batch * ((1 + checkpoints) * constant + context * perToken),
    readPerStep: weights.all - weights.embedding + batch * (2 * constant + context * perToken),
  };
}

/** Bytes of everything that is counted. */
export function totalBytes({ weights, states }: CellBytes): number {
  return weights + states;
}

/** Bytes of a model of bfloat16 matrices and float32 vectors. */
export function weightBytes(config: HybridConfig): WeightBytes {
  let all = 0;
  let embedding = 0;
  for (const { name, shape, precision } of parameterSpecs(config)) {
    const bytes = elementCount(shape) * (precision === 'narrow' ? 2 : 4);
    all += bytes;
    if (name.startsWith('embedding') && !config.isTied) embedding += bytes;
  }
  return { all, embedding };
}
