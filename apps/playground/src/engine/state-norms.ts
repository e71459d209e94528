/**
 * Norms of recurrent states, computed where the states lie so that only a few numbers come back.
 *
 * For a state `h` of `[heads, …]` the norm of head i is √(Σ h[i, …]²). Left out: convolution tails and caches of
 * keys and values, which hold the last tokens as they are rather than a memory of all.
 */
import type { Runner, SequenceState } from '@hybra/generate';
import type { HostArray } from '@hybra/spec';
import {
  type CompiledProgram,
  cast,
  compile,
  gatherRows,
  readback,
  reshape,
  sqrt,
  square,
  sum,
} from '@hybra/tensor';

type Pool = Runner['runtime']['pools']['pools'][number];

const mostRows = 32;

/**
 * @param state a single sequence; it is not spent
 * @returns per layer the norm of each head, rows of large states taken together in at most 32; `undefined` for
 *   layers without a recurrent state
 * @throws E_DISPOSED, E_ABORTED, E_DEVICE_LOST
 */
export async function stateNorms(
  runner: Runner,
  state: SequenceState,
  signal?: AbortSignal,
): Promise<readonly (readonly number[] | undefined)[]> {
  state.assertUsable('stateNorms');
  const { runtime, model } = runner;
  const norms: (readonly number[] | undefined)[] = model.layerKinds.map(() => undefined);
  const memories = memoryPools(runtime.pools.pools);
  if (memories.length === 0) return norms;
  const program = await runtime.program('state norms', () => normProgram(runner, memories));
  const { outputs } = program.run({
    inputs: {
      slot: Int32Array.of(state.rows[0]!.slot.index),
      ...Object.fromEntries(memories.map(({ name, tensor }) => [name, tensor])),
    },
  });
  const heads = await Promise.all(memories.map(({ name }) => readback(outputs[name]!, signal)));
  for (const [at, { layer }] of memories.entries()) norms[layer] = takenTogether(heads[at]!);
  return norms;
}

/** Of each layer the largest state of constant size, if it is more than a convolution's tail. */
function memoryPools(pools: readonly Pool[]): readonly Pool[] {
  const largest = new Map<number, Pool>();
  for (const pool of pools) {
    if (pool.spec.kind !== 'fixed' || pool.key.endsWith('convolution')) continue;
    const before = largest.get(pool.layer);
    if (!before || pool.tensor.byteLength > before.tensor.byteLength) largest.set(pool.layer, pool);
  }
  return [...largest.values()];
}

function normProgram({ model }: Runner, pools: readonly Pool[]): Promise<CompiledProgram> {
  return compile({
    label: 'norms of the states',
    device: model.device,
    inputs: {
      slot: { dtype: 'i32', shape: [1] },
      ...Object.fromEntries(
        pools.map(({ name, tensor, device }) => [name, { dtype: tensor.dtype, shape: tensor.shape, device }]),
      ),
    },
    build: ({ inputs }) => ({
      outputs: Object.fromEntries(
        pools.map(({ name, tensor }) => {
          const flat = reshape(inputs[name]!, [tensor.shape[0]!, -1]);
          const heads = reshape(gatherRows(flat, inputs.slot!), [tensor.shape[1]!, -1]); // [heads, …]
          return [name, sqrt(sum(square(cast(heads, 'f32')), [1]))]; // [heads]
        }),
      ),
    }),
  });
}

/** Norms of neighbouring heads as one, so that at most {@link mostRows} remain. */
function takenTogether(heads: HostArray): readonly number[] {
  const group = Math.ceil(heads.length / mostRows);
  return Array.from({ length: Math.ceil(heads.length / group) }, (_, row) => {
    let squares = 0;
    for (let at = row * group; at < Math.min(heads.length, (row + 1) * group); at++) {
      squares += Number(heads[at]) ** 2;
    }
    return Math.sqrt(squares);
  });
}
