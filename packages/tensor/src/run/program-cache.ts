import { HybraError } from '@hybra/spec';
import type { CompiledProgram } from './compiled-program.js';

/** Programs kept for their shapes, the least recently used dropped first. */
export interface ProgramCache {
  /** The program of this key, made on first use; concurrent calls make it once. @throws E_DISPOSED */
  get(key: string, make: () => Promise<CompiledProgram>): Promise<CompiledProgram>;
  /** Programs held. */
  readonly size: number;
  /** Bytes of device memory that the programs held own. */
  readonly ownedBytes: number;
  dispose(): void;
}

/**
 * A least-recently-used cache of programs. What was enqueued before a program is dropped still runs.
 * @param byteLimit bytes of device memory that programs may own together; the newest is always kept
 */
export function createProgramCache(byteLimit: number): ProgramCache {
  let isDisposed = false;
  const ready = new Map<string, CompiledProgram>();
  const pending = new Map<string, Promise<CompiledProgram>>();
  const ownedBytes = (): number => {
    let bytes = 0;
    for (const program of ready.values()) bytes += program.ownedBytes;
    return bytes;
  };
  async function make(key: string, build: () => Promise<CompiledProgram>): Promise<CompiledProgram> {
    const program = await build();
    if (isDisposed) {
      program.dispose();
      throw disposed();
    }
    ready.set(key, program);
    for (const [oldKey, old] of ready) {
      if (ownedBytes() <= byteLimit || oldKey === key) break;
      ready.delete(oldKey);
      old.dispose();
    }
    return program;
  }
  return {
    get size() {
      return ready.size;
    },
    get ownedBytes() {
      return ownedBytes();
    },
    async get(key, build) {
      if (isDisposed) throw disposed();
      const known = ready.get(key);
      if (known) {
        ready.delete(key);
        ready.set(key, known);
        return known;
      }
      let making = pending.get(key);
      if (!making) {
        making = make(key, build).finally(() => pending.delete(key));
        pending.set(key, making);
      }
      return making;
    },
    dispose() {
      isDisposed = true;
      for (const program of ready.values()) program.dispose();
      ready.clear();
    },
  };
}

function disposed(): HybraError {
  return new HybraError('E_DISPOSED', 'the program cache was disposed of.');
}
