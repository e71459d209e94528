/** Options of the formats that are folders. */
export interface FolderOptions {
  /** Of numbers with a fraction. Default is to leave them as they are. */
  readonly dtype?: 'f32' | 'f16' | 'bf16';
  readonly signal: AbortSignal;
  readonly onProgress: (done: number, total: number) => void;
}

/** What was written, and what was lost. */
export interface FolderReport {
  readonly tensors: number;
  /** The family, and the dtypes of the tensors. */
  readonly type: string;
  readonly notes: readonly string[];
}
