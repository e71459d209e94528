/*
 * How Megatron-LM cuts the tensors of a hybrid over the ranks of tensor parallelism (megatron/core/ssm/
 * mamba_mixer.py and transformer/attention.py at df61e60). What follows from a tensor's place in the model:
 *
 *   embedding, output, dt_bias, A_log, D, norm   rows, rank after rank
 *   in_proj      rows of z, x, B, C and dt, each rank having its part of all five
 *   conv1d       rows of x, B and C likewise
 *   linear_qkv   rows of query groups: the queries of a group, its key, its value
 *   out_proj, linear_proj, linear_fc2            columns
 *   norms before layers, routers                 the same on every rank
 */

/** A run of elements of a tensor on one rank. */
export interface ShardRun {
  readonly rank: number;
  readonly tensor: string;
  readonly start: number;
  readonly count: number;
}

/** A tensor of the whole model, as runs laid end to end. */
export interface MergedTensor {
  readonly shape: readonly number[];
  readonly runs: readonly ShardRun[];
}

/** A tensor that each rank has a part of. */
export interface ShardedTensor {
  readonly name: string;
  /** Of each rank's part. */
  readonly shape: readonly number[];
  readonly ranks: number;
}

/** The same on every rank: that of the first. */
export function replicated({ name, shape }: ShardedTensor): MergedTensor {
  return { shape, runs: [{ rank: 0, tensor: name, start: 0, count: sizeOf(shape) }] };
}

/**
 * Cut along the rows, component by component.
 * @param components rows of each component on one rank; they add up to its rows
 */
export function byRows(tensor: ShardedTensor, components: readonly number[]): MergedTensor {
  const { name, shape, ranks } = tensor;
  const width = sizeOf(shape.slice(1));
  const runs: ShardRun[] = [];
  let first = 0;
  for (const rows of components) {
    for (let rank = 0; rank < ranks; rank++) {
      runs.push({ rank, tensor: name, start: first * width, count: rows * width });
    }
    first += rows;
  }
  return { shape: [ranks * shape[0]!, ...shape.slice(1)], runs };
}

/** Cut along the columns of a matrix. */
export function byColumns({ name, shape, ranks }: ShardedTensor): MergedTensor {
  const [rows, columns] = shape as [number, number];
  const runs = Array.from({ length: rows * ranks }, (_, index) => ({
    rank: index % ranks,
    tensor: name,
    start: Math.floor(index / ranks) * columns,
    count: columns,
  }));
  return { shape: [rows, columns * ranks], runs };
}

/**
 * The queries, keys or values of a fused projection.
 * @param sizes.groups query groups on one rank
 * @param sizes.queries rows of a group's queries; `headSize` those of its key and of its value
 */
export function ofQueryGroups(
  tensor: ShardedTensor,
  sizes: { readonly groups: number; readonly queries: number; readonly headSize: number },
  part: 'query' | 'key' | 'value',
): MergedTensor {
  const { name, shape, ranks } = tensor;
  const { groups, queries, headSize } = sizes;
  const width = sizeOf(shape.slice(1));
  const stride = queries + 2 * headSize;
  const offset = { query: 0, key: queries, value: queries + headSize }[part];
  const rows = part === 'query' ? queries : headSize;
  const runs = Array.from({ length: ranks * groups }, (_, index) => ({
    rank: Math.floor(index / groups),
    tensor: name,
    start: ((index % groups) * stride + offset) * width,
    count: rows * width,
  }));
  return { shape: [ranks * groups * rows, ...shape.slice(1)], runs };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, extent) => product * extent, 1);
}
