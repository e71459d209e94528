/** What an op means, as data: the text that a backend's author implements from. */
export interface OpSignature {
  /** Without a decomposition an op is mandatory: every backend has a kernel for it. */
  readonly mandatory: boolean;
  /** Names and shapes of the inputs, in order. A trailing `?` marks one that may be absent, `...` any number. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Static attributes and what they mean. */
  readonly attributes?: Readonly<Record<string, string>>;
  /** The mathematics and the edge cases. */
  readonly semantics: string;
}
