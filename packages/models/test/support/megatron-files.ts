import { openCheckpoint } from '@hybra/weights';
import { type TorchValue, torchFile } from '../../../weights/test/torch-file.js';
import { fixture } from './golden.js';

interface Matrix {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Sizes of the nemotron_h fixture. */
const sizes = { inner: 128, maps: 2 * 32, heads: 8, queries: 64, groups: 2, headSize: 16 };

/**
 * The nemotron_h fixture as Megatron-LM would save it, cut over `ranks`, from the description of its classes and not
 * from the reader: one file per rank.
 */
export async function megatronFiles(ranks: number): Promise<Uint8Array[]> {
  const source = await openCheckpoint(fixture('nemotron_h'));
  const tensors = new Map<string, Matrix>();
  for (const { name, shape } of source.entries.values()) {
    tensors.set(name, { shape, values: new Float32Array((await source.read(name)).buffer) });
  }
  await source.close();
  return Array.from({ length: ranks }, (_, rank) => torchFile(rankFile(tensors, rank, ranks)));
}

function rankFile(tensors: ReadonlyMap<string, Matrix>, rank: number, ranks: number) {
  const model: Record<string, TorchValue> = {};
  const put = (name: string, matrix: Matrix): void => {
    const { buffer, byteOffset, byteLength } = matrix.values;
    model[name] = { shape: matrix.shape, bytes: new Uint8Array(buffer, byteOffset, byteLength) };
  };
  const part = (matrix: Matrix, components: readonly number[]): Matrix => {
    let start = 0;
    const pieces = components.map((rows) => {
      const own = rows / ranks;
      start += rows;
      return rowsOf(matrix, start - rows + rank * own, own);
    });
    return stacked(pieces);
  };
  const cut = (matrix: Matrix): Matrix => part(matrix, [matrix.shape[0]!]);
  const { inner, maps, heads } = sizes;
  for (const [name, matrix] of tensors) {
    const [, layer, rest] = /^backbone\.layers\.(\d+)\.(.+)$/.exec(name) ?? [];
    const to = `decoder.layers.${layer}`;
    const isMamba = tensors.has(`backbone.layers.${layer}.mixer.A_log`);
    const isAttention = tensors.has(`backbone.layers.${layer}.mixer.q_proj.weight`);
    if (name === 'backbone.embeddings.weight') put('embedding.word_embeddings.weight', cut(matrix));
    else if (name === 'lm_head.weight') put('output_layer.weight', cut(matrix));
    else if (name === 'backbone.norm_f.weight') put('decoder.final_norm.weight', matrix);
    else if (rest === 'norm.weight') {
      const fused = isMamba ? 'mixer.in_proj' : isAttention ? 'self_attention.linear_qkv' : 'mlp.linear_fc1';
      put(`${to}.${fused}.layer_norm_weight`, matrix);
    } else if (rest === 'mixer.in_proj.weight')
      put(`${to}.${rest}`, part(matrix, [inner, inner, maps, maps, heads]));
    else if (rest?.startsWith('mixer.conv1d.')) put(`${to}.${rest}`, part(matrix, [inner, maps, maps]));
    else if (rest === 'mixer.out_proj.weight') put(`${to}.${rest}`, columnsOf(matrix, rank, ranks));
    else if (rest === 'mixer.o_proj.weight')
      put(`${to}.self_attention.linear_proj.weight`, columnsOf(matrix, rank, ranks));
    else if (rest === 'mixer.up_proj.weight') put(`${to}.mlp.linear_fc1.weight`, cut(matrix));
    else if (rest === 'mixer.down_proj.weight')
      put(`${to}.mlp.linear_fc2.weight`, columnsOf(matrix, rank, ranks));
    else if (rest === 'mixer.q_proj.weight')
      put(`${to}.self_attention.linear_qkv.weight`, cut(queryGroups(tensors, layer!)));
    else if (isMamba) put(`${to}.${rest}`, cut(matrix));
  }
  return {
    args: {
      hidden_size: 64,
      num_attention_heads: 4,
      group_query_attention: true,
      num_query_groups: 2,
      kv_channels: 16,
      mamba_head_dim: 16,
      mamba_num_groups: 2,
      mamba_state_dim: 32,
      max_position_embeddings: 4096,
      position_embedding_type: 'none',
      normalization: 'RMSNorm',
    },
    iteration: 100,
    model,
  };
}

/** Queries, key and value of one group after those of the other. */
function queryGroups(tensors: ReadonlyMap<string, Matrix>, layer: string): Matrix {
  const [q, k, v] = ['q', 'k', 'v'].map(
    (name) => tensors.get(`backbone.layers.${layer}.mixer.${name}_proj.weight`)!,
  );
  const perGroup = sizes.queries / sizes.groups;
  return stacked(
    Array.from({ length: sizes.groups }, (_, group) => [
      rowsOf(q!, group * perGroup, perGroup),
      rowsOf(k!, group * sizes.headSize, sizes.headSize),
      rowsOf(v!, group * sizes.headSize, sizes.headSize),
    ]).flat(),
  );
}

function rowsOf({ shape, values }: Matrix, first: number, rows: number): Matrix {
  const width = values.length / shape[0]!;
  return {
    shape: [rows, ...shape.slice(1)],
    values: values.slice(first * width, (first + rows) * width),
  };
}

function stacked(pieces: readonly Matrix[]): Matrix {
  const rows = pieces.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return {
    shape: [rows, ...pieces[0]!.shape.slice(1)],
    values: Float32Array.from(pieces.flatMap(({ values }) => [...values])),
  };
}

function columnsOf({ shape, values }: Matrix, rank: number, ranks: number): Matrix {
  const [rows, columns] = shape as [number, number];
  const own = columns / ranks;
  const picked = Array.from({ length: rows }, (_, row) => [
    ...values.slice(row * columns + rank * own, row * columns + (rank + 1) * own),
  ]);
  return { shape: [rows, own], values: Float32Array.from(picked.flat()) };
}
