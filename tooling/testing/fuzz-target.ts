/**
 * A parser under `pnpm fuzz`. A package lists its own in `test/fuzz-targets.ts`, which exports
 * `fuzzTargets: readonly FuzzTarget[]`.
 */
export interface FuzzTarget {
  /** Lower-case words with dashes, such as `safetensors-header`. */
  readonly name: string;
  /** Small valid inputs that are mutated. Called once, may read files; the smaller, the faster the run. */
  seeds(): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /**
   * Parses one input. Returning means "accepted"; throwing a typed error (a symbol `hybra.error`, or a string
   * `code` that begins with `E_`) means "refused". Anything else thrown, a hang or a lot of memory is a bug.
   */
  run(bytes: Uint8Array): unknown;
}
