import { byteSize, elementCount, HybraError } from '@hybra/spec';
import { bytesSource, encodeSafetensors, openSafetensors, sha256Hex } from '@hybra/weights';
import type { Runner } from '../runner/runner.js';
import type { SequenceState } from './sequence-state.js';
import { bufferOf, type Pool } from './state-pools.js';

const format = 'hybra-state';
const version = '1';

/** One state tensor on the host: `[batch, …]`, and for growing states `[batch, tokens, …]`. */
export interface HostStateTensor {
  readonly name: string;
  readonly dtype: Pool['spec']['dtype'];
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Reads a state's tensors, without spending it. Rows of tokens beyond a sequence's end are zeros. */
export async function readState(
  runner: Runner,
  state: SequenceState,
  signal?: AbortSignal,
): Promise<HostStateTensor[]> {
  state.assertUsable('readState');
  const { pools } = runner.runtime;
  const longest = Math.max(0, ...state.positions);
  return Promise.all(
    pools.pools.map(async (pool): Promise<HostStateTensor> => {
      const shape = rowShape(runner, pool, longest);
      const rowBytes = elementCount(shape) * byteSize(pool.spec.dtype);
      const bytes = new Uint8Array(rowBytes * state.batch);
      await Promise.all(
        state.rows.map(async ({ slot, position }, row) => {
          const used = pools.usedBytes(pool, position);
          if (used === 0) return;
          const part = await pool.device.read(
            bufferOf(pool.tensor),
            slot.index * pools.slotBytes(pool),
            used,
            signal,
          );
          bytes.set(part, row * rowBytes);
        }),
      );
      return { name: `layers.${pool.name}`, dtype: pool.spec.dtype, shape: [state.batch, ...shape], bytes };
    }),
  );
}

/**
 * A state as a safetensors file: its tensors, the positions, and as metadata the format's version, the model's
 * fingerprint and the SHA-256 of the contents. Does not spend the state.
 */
export async function serializeState(
  runner: Runner,
  state: SequenceState,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const positions = Int32Array.from(state.positions);
  const tensors = [
    ...(await readState(runner, state, signal)),
    {
      name: 'positions',
      dtype: 'i32' as const,
      shape: [state.batch],
      bytes: new Uint8Array(positions.buffer),
    },
  ];
  return encodeSafetensors({
    tensors,
    metadata: {
      format,
      version,
      family: runner.model.family,
      model: runner.model.fingerprint,
      sha256: await contentHash(tensors),
    },
  });
}

/**
 * The state in a file that {@link serializeState} wrote, in this runner's pools, on its devices.
 * @throws E_FORMAT for another format, version, model or a broken file
 */
export async function deserializeState(runner: Runner, file: Uint8Array): Promise<SequenceState> {
  const source = await openSafetensors(bytesSource(file, 'state'));
  const expectations = { format, version, family: runner.model.family, model: runner.model.fingerprint };
  for (const [key, expected] of Object.entries(expectations)) {
    if (source.metadata[key] !== expected) {
      throw new HybraError(
        'E_FORMAT',
        `state file: ${key} is ${source.metadata[key] ?? 'absent'}, expected ${expected}. A state belongs to the model and version that wrote it.`,
        { key, got: source.metadata[key], expected },
      );
    }
  }
  const tensors: HostStateTensor[] = [];
  for (const { name, dtype, shape } of source.entries.values()) {
    tensors.push({ name, dtype: dtype as HostStateTensor['dtype'], shape, bytes: await source.read(name) });
  }
  if ((await contentHash(tensors)) !== source.metadata.sha256) {
    throw new HybraError(
      'E_FORMAT',
      'state file: the contents do not match their SHA-256. The file is damaged.',
    );
  }
  return restore(runner, new Map(tensors.map((tensor) => [tensor.name, tensor])));
}

function restore(runner: Runner, tensors: ReadonlyMap<string, HostStateTensor>): SequenceState {
  const positions = tensors.get('positions');
  if (positions?.dtype !== 'i32' || positions.shape.length !== 1 || positions.shape[0] === 0) {
    throw new HybraError('E_FORMAT', 'state file: positions must be i32[batch].');
  }
  const view = new DataView(positions.bytes.buffer, positions.bytes.byteOffset, positions.bytes.byteLength);
  const lengths = Array.from({ length: positions.shape[0]! }, (_, row) => view.getInt32(row * 4, true));
  const longest = Math.max(...lengths);
  if (Math.min(...lengths) < 0 || longest > runner.contextLength) {
    throw new HybraError(
      'E_FORMAT',
      `state file: positions ${lengths.join(', ')} are outside 0 … ${runner.contextLength}.`,
    );
  }
  const { pools } = runner.runtime;
  for (const pool of pools.pools) {
    const got = tensors.get(`layers.${pool.name}`);
    const expected = [lengths.length, ...rowShape(runner, pool, longest)];
    if (got?.dtype !== pool.spec.dtype || got.shape.join() !== expected.join()) {
      throw new HybraError(
        'E_FORMAT',
        `state file: layers.${pool.name} is ${got ? `${got.dtype}[${got.shape.join(', ')}]` : 'missing'}, expected ${pool.spec.dtype}[${expected.join(', ')}].`,
        { name: pool.name },
      );
    }
  }
  runner.runtime.reserve(lengths.length, longest);
  const state = runner.initialState(lengths.length);
  const slots = state.spend('deserializeState');
  for (const pool of pools.pools) {
    const { bytes } = tensors.get(`layers.${pool.name}`)!;
    const rowBytes = bytes.byteLength / lengths.length;
    for (const [row, { slot }] of slots.entries()) {
      const used = pools.usedBytes(pool, lengths[row]!);
      if (used === 0) continue;
      pool.device.write(
        bufferOf(pool.tensor),
        slot.index * pools.slotBytes(pool),
        bytes.subarray(row * rowBytes, row * rowBytes + used),
      );
    }
  }
  return state.continued(slots.map(({ slot }, row) => ({ slot, position: lengths[row]! })));
}

/** Shape of one sequence's part of a state. */
function rowShape(runner: Runner, { spec }: Pool, tokens: number): number[] {
  if (spec.kind === 'fixed') return [...spec.shape];
  return [spec.window === undefined ? tokens : runner.runtime.pools.tokenRows(spec), ...spec.shape];
}

async function contentHash(tensors: readonly HostStateTensor[]): Promise<string> {
  const parts = await Promise.all(
    [...tensors]
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map(
        async ({ name, dtype, shape, bytes }) => `${name} ${dtype} ${shape.join()} ${await sha256Hex(bytes)}`,
      ),
  );
  return sha256Hex(new TextEncoder().encode(parts.join('\n')));
}
